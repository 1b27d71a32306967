import type { Port } from '../domain/engine';

/** Where the control server listens unless it is told otherwise. */
export const CONTROL_PORT: Port = 8_000;

/** What of a VPN container's environment Portward reads. Nothing else of it is kept: it holds the VPN's keys. */
export interface ContainerEnvironment {
  readonly portForwarding: boolean;
  /** Where the control server listens; null where the environment does not say so. */
  readonly controlPort: Port | null;
  /** Where Gluetun redirects the forwarded ports to; none where it leaves them as they are. */
  readonly listeningPorts: readonly Port[];
}

// Each with the names that it had in older releases, which Gluetun reads first: its image sets the newest one.
const PORT_FORWARDING = ['PORT_FORWARDING', 'PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING', 'VPN_PORT_FORWARDING'];
const LISTENING_PORTS = ['VPN_PORT_FORWARDING_LISTENING_PORT', 'VPN_PORT_FORWARDING_LISTENING_PORTS'];
const CONTROL_SERVER = ['HTTP_CONTROL_SERVER_PORT', 'CONTROL_SERVER_ADDRESS', 'HTTP_CONTROL_SERVER_ADDRESS'];

/** Gluetun takes these words and no others: with any other one it does not start. */
const ENABLED = new Set(['enabled', 'yes', 'on', 'true']);

/** @param env lines as `NAME=value` */
export function containerEnvironment(env: readonly string[]): ContainerEnvironment {
  const portForwarding = ENABLED.has(setting(env, PORT_FORWARDING).toLowerCase());
  const address = setting(env, CONTROL_SERVER);
  const listening = setting(env, LISTENING_PORTS).split(',');
  return {
    portForwarding,
    controlPort: port(address.slice(address.lastIndexOf(':') + 1)),
    listeningPorts: portForwarding ? listening.map(port).filter((found) => found !== null) : [],
  };
}

/** The first of these names that is set to anything, or ''. */
function setting(env: readonly string[], names: readonly string[]): string {
  for (const name of names) {
    // The last one counts of several. Gluetun takes names in any case, and with dashes.
    const line = env.findLast((candidate) => {
      const [key = '', value = ''] = split(candidate);
      return key.toUpperCase().replaceAll('-', '_') === name && value !== '';
    });
    if (line !== undefined) return bare(split(line)[1] ?? '');
  }
  return '';
}

function split(line: string): string[] {
  const at = line.indexOf('=');
  return at < 0 ? [] : [line.slice(0, at), line.slice(at + 1)];
}

/** Without blanks and quotes around it, in any depth, as Gluetun reads it. */
function bare(value: string): string {
  const trimmed = value.trim();
  const inner = /^(['"`])(.*)\1$/s.exec(trimmed)?.[2];
  return inner === undefined ? trimmed : bare(inner);
}

function port(text: string): Port | null {
  const value = Number(text.trim());
  return /^\d{1,5}$/.test(text.trim()) && value >= 1 && value <= 65_535 ? value : null;
}
