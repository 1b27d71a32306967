import { variables } from '../src/config/variables';

/** Variables that Portward reads as well, but that are not in `variables`. */
const OTHERS =
  /^(GLUETUN_|TEMPORAL_(?!CLI_PATH$)|PORTWARD_DATA_DIR$|PORTWARD_SECRET_KEY$|PORTWARD_URL$|XDG_DATA_HOME$)/;

/**
 * An environment with only the given settings of Portward, because the caller's shell may have settings for a real Portward. The other
 * variables are passed on: PATH, HOME, proxies, Docker's variables, and the cache folders, which may have Temporal's CLI.
 */
export function portwardEnv(
  own: Readonly<Record<string, string>>,
  shell: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(shell)) {
    if (value !== undefined && !Object.hasOwn(variables, name) && !OTHERS.test(name)) env[name] = value;
  }
  return { ...env, ...own };
}
