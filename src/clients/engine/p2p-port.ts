import type { Port } from '../../domain/engine';

/**
 * The P2P port in a container's environment or command: P2P_PORT, or `--port` in CONF, ACESTREAM_ARGS or the command.
 */
export function p2pPortOf(env: readonly string[], command: readonly string[]): Port | null {
  const values = new Map(env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
  const words = [values.get('CONF') ?? '', values.get('ACESTREAM_ARGS') ?? '', ...command].join(' ');
  const given = values.get('P2P_PORT') || /(?:^|\s)--port[= ](\d+)(?:\s|$)/.exec(words)?.[1];
  const port = given !== undefined && /^\d{1,5}$/.test(given) ? Number(given) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}
