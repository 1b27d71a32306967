import type { Port } from '../../domain/engine';

/** The control server's default port. */
export const CONTROL_PORT: Port = 8_000;

/**
 * The settings that Portward reads from a VPN container's environment. Nothing else of it is kept: it holds the VPN's
 * keys.
 */
export interface ContainerEnvironment {
  readonly portForwarding: boolean;
  /** The control server's port; null if the environment does not name it. */
  readonly controlPort: Port | null;
  /** The ports to which Gluetun redirects the forwarded ports; empty if it does not redirect them. */
  readonly listeningPorts: readonly Port[];
}

// Each setting has several names. Gluetun reads the names of older releases first, since its image sets the newest
// name.
const PORT_FORWARDING = ['PORT_FORWARDING', 'PRIVATE_INTERNET_ACCESS_VPN_PORT_FORWARDING', 'VPN_PORT_FORWARDING'];
const LISTENING_PORTS = ['VPN_PORT_FORWARDING_LISTENING_PORT', 'VPN_PORT_FORWARDING_LISTENING_PORTS'];
const CONTROL_SERVER = ['HTTP_CONTROL_SERVER_PORT', 'CONTROL_SERVER_ADDRESS', 'HTTP_CONTROL_SERVER_ADDRESS'];

/** The only words that Gluetun accepts. With any other word it does not start. */
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

/** What a VPN container's environment says about port forwarding, for messages. */
export interface ForwardingSettings {
  /** Null: no variable that Gluetun reads is set. */
  readonly setting: { readonly name: string; readonly value: string; readonly is: 'on' | 'off' | 'unclear' } | null;
  /** A variable that looks like the setting, but that Gluetun does not read. */
  readonly meant: string | null;
  /** The provider whose port forwarding is used, in lower case; null if none is named. */
  readonly provider: string | null;
}

const DISABLED = new Set(['disabled', 'no', 'off', 'false']);
const PROVIDERS = ['VPN_PORT_FORWARDING_PROVIDER', 'VPNSP', 'VPN_SERVICE_PROVIDER'];
const LIKE_PORT_FORWARDING = /PORT_?FORWARD(ING|ED)?(_ENABLED)?$/;
/** Chooses among servers, so it is not a misspelled setting. */
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

/**
 * The command that Gluetun runs when it has a port; '' if there is none. It may hold secrets.
 * @param env lines as `NAME=value`
 */
export function commandSetting(env: readonly string[]): string {
  return setting(env, ['VPN_PORT_FORWARDING_UP_COMMAND']);
}

/**
 * The API key of the control server's default role; null if there is none, or the role uses other credentials. It is
 * secret.
 * @param env lines as `NAME=value`
 */
export function controlServerKey(env: readonly string[]): string | null {
  try {
    const role: unknown = JSON.parse(setting(env, ['HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE']));
    const key = typeof role === 'object' && role !== null && 'apikey' in role ? role.apikey : null;
    return typeof key === 'string' && key !== '' ? key : null;
  } catch {
    return null;
  }
}

/** The value of the first of these names that is set and not empty, or ''. */
function setting(env: readonly string[], names: readonly string[]): string {
  for (const name of names) {
    // Of several lines with one name the last one counts.
    const line = env.findLast((candidate) => keyOf(candidate) === name && (split(candidate)[1] ?? '') !== '');
    if (line !== undefined) return unquoted(split(line)[1] ?? '');
  }
  return '';
}

/** Gluetun accepts names in any case, and with dashes. */
function keyOf(line: string): string {
  return (split(line)[0] ?? '').toUpperCase().replaceAll('-', '_');
}

function split(line: string): string[] {
  const at = line.indexOf('=');
  return at < 0 ? [] : [line.slice(0, at), line.slice(at + 1)];
}

/** Without surrounding blanks and quotes, however many, as Gluetun reads it. */
function unquoted(value: string): string {
  const trimmed = value.trim();
  const inner = /^(['"`])(.*)\1$/s.exec(trimmed)?.[2];
  return inner === undefined ? trimmed : unquoted(inner);
}

function port(text: string): Port | null {
  const value = Number(text.trim());
  return /^\d{1,5}$/.test(text.trim()) && value >= 1 && value <= 65_535 ? value : null;
}
