import { envNumber } from '../inside/env-number';

/** null: the engine has no such port and does not listen there. */
export type PortsGiven = { http: number; https: number | null; p2p: number | null };

/** AceStream's default. */
const DEFAULT_HTTP_PORT = 6878;

/**
 * Reads the ports from all places in which the engine images take them: CONF (one flag a line) and HTTP_PORT, HTTPS_PORT, P2P_PORT for
 * krinkuto11, ACESTREAM_ARGS for jopsis on amd64, the command line for jopsis on arm. CONF has precedence.
 */
export function portsGiven(env: NodeJS.ProcessEnv, argv: string[]): PortsGiven {
  const conf = words(env.CONF);
  const last = [...words(env.ACESTREAM_ARGS), ...argv];
  const find = (flag: string, variable: string): number | null =>
    flagValue(conf, flag) ?? (envNumber(env, variable, 0) || null) ?? flagValue(last, flag);
  return {
    http: find('--http-port', 'HTTP_PORT') ?? DEFAULT_HTTP_PORT,
    https: find('--https-port', 'HTTPS_PORT'),
    p2p: find('--port', 'P2P_PORT'),
  };
}

/** CONF from an `.env` file may have a backslash and an n instead of a line break. */
function words(text = ''): string[] {
  return text.split(/\\n|\s+/).filter((word) => word !== '');
}

/** `--flag=N` or `--flag N`. */
function flagValue(given: string[], flag: string): number | null {
  const at = given.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  const word = given[at];
  if (word === undefined) return null;
  const port = Number(word === flag ? given[at + 1] : word.slice(flag.length + 1));
  return Number.isInteger(port) && port > 0 && port <= 65535 ? port : null;
}
