import type { Port } from '../../domain/engine';

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

/** What of a VPN container's environment says whether there is to be a forwarded port, for people. */
export interface ForwardingSettings {
  /** Null: nothing that Gluetun reads is set. */
  readonly setting: { readonly name: string; readonly value: string; readonly is: 'on' | 'off' | 'unclear' } | null;
  /** A name that somebody may have meant for it, and that Gluetun does not read. */
  readonly meant: string | null;
  /** Whose way of forwarding ports is to be used, in small letters; null where nothing says so. */
  readonly provider: string | null;
}

const DISABLED = new Set(['disabled', 'no', 'off', 'false']);
const PROVIDERS = ['VPN_PORT_FORWARDING_PROVIDER', 'VPNSP', 'VPN_SERVICE_PROVIDER'];
const LIKE_PORT_FORWARDING = /PORT_?FORWARD(ING|ED)?(_ENABLED)?$/;
/** It chooses among servers. */
const OF_SERVERS = 'PORT_FORWARD_ONLY';

/** @param env lines as `NAME=value` */
export function forwardingSettings(env: readonly string[]): ForwardingSettings {
  const name = PORT_FORWARDING.find((candidate) => setting(env, [candidate]) !== '');
  const value = name === undefined ? '' : setting(env, [name]);
  const word = value.toLowerCase();
  const is = ENABLED.has(word) ? 'on' : DISABLED.has(word) ? 'off' : 'unclear';
  const meant = env
    .map((line) => keyOf(line))
    .find((key) => LIKE_PORT_FORWARDING.test(key) && !PORT_FORWARDING.includes(key) && key !== OF_SERVERS);
  const provider = setting(env, PROVIDERS).toLowerCase();
  return {
    setting: name === undefined ? null : { name, value, is },
    meant: meant ?? null,
    provider: provider === '' ? null : provider,
  };
}

/** What Gluetun runs when it has a port; '' where there is nothing. It may hold secrets. @param env lines as `NAME=value` */
export function commandSetting(env: readonly string[]): string {
  return setting(env, ['VPN_PORT_FORWARDING_UP_COMMAND']);
}

/** The key that the control server's default role asks for; null where there is none, or another way. A secret. @param env lines as `NAME=value` */
export function controlServerKey(env: readonly string[]): string | null {
  try {
    const role: unknown = JSON.parse(setting(env, ['HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE']));
    const key = typeof role === 'object' && role !== null && 'apikey' in role ? role.apikey : null;
    return typeof key === 'string' && key !== '' ? key : null;
  } catch {
    return null;
  }
}

/** The first of these names that is set to anything, or ''. */
function setting(env: readonly string[], names: readonly string[]): string {
  for (const name of names) {
    // The last one counts of several.
    const line = env.findLast((candidate) => keyOf(candidate) === name && (split(candidate)[1] ?? '') !== '');
    if (line !== undefined) return bare(split(line)[1] ?? '');
  }
  return '';
}

/** Gluetun takes names in any case, and with dashes. */
function keyOf(line: string): string {
  return (split(line)[0] ?? '').toUpperCase().replaceAll('-', '_');
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
