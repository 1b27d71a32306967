import { variables } from '../src/config/variables';

/** Read by Portward, too, but not among `variables`. */
const OTHERS =
  /^(GLUETUN_|TEMPORAL_(?!CLI_PATH$)|PORTWARD_DATA_DIR$|PORTWARD_SECRET_KEY$|PORTWARD_URL$|XDG_DATA_HOME$)/;

/**
 * The environment of a Portward that only does what it is told: the caller's shell may hold settings of a real one. PATH, HOME,
 * proxies, Docker's variables and the caches, where Temporal's CLI may be, are passed on.
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
