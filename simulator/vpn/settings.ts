import { envNumber } from '../inside/env-number';
import { parseAuth } from './auth';
import { RELEASES } from './messages';
import type { Auth, Release } from './messages';

export type VpnSettings = {
  controlPort: number;
  release: Release;
  auth: Auth;
  /** The provider's first ports; empty if it forwards none. */
  ports: number[];
  publicIp: string;
  /** The exit code with which it ends at once; null: it runs. */
  crashesWith: number | null;
  startDelayMs: number;
  reconnectMs: number;
  portGapMs: number;
  upCommand: string;
  downCommand: string;
  upHookUrl: string;
  upHookAuthorization: string;
};

export function readSettings(env: NodeJS.ProcessEnv): VpnSettings {
  const release = env.RELEASE ?? 'v3.41.1';
  const known = RELEASES.find((name) => name === release);
  if (known === undefined) throw new Error(`RELEASE: expected one of ${RELEASES.join(', ')}, found '${release}'`);
  return {
    // Gluetun's own variable, such as `:8000`.
    controlPort: Number((env.HTTP_CONTROL_SERVER_ADDRESS ?? ':8000').split(':').at(-1)),
    release: known,
    auth: authFromText(env.AUTH ?? authOfRole(env.HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE)),
    ports: portsFromText(env.FORWARDED_PORT ?? ''),
    publicIp: env.PUBLIC_IP ?? '203.0.113.7',
    crashesWith: env.CRASHES_WITH === undefined ? null : envNumber(env, 'CRASHES_WITH', 1),
    startDelayMs: envNumber(env, 'START_DELAY_MS', 500),
    reconnectMs: envNumber(env, 'RECONNECT_MS', 250),
    portGapMs: envNumber(env, 'PORT_GAP_MS', 100),
    // Gluetun's own variables.
    upCommand: env.VPN_PORT_FORWARDING_UP_COMMAND ?? '',
    downCommand: env.VPN_PORT_FORWARDING_DOWN_COMMAND ?? '',
    upHookUrl: env.UP_HOOK_URL ?? '',
    upHookAuthorization: env.UP_HOOK_AUTHORIZATION ?? '',
  };
}

/** AUTH from a role in Gluetun's own form, `{"auth":"apikey","apikey":"KEY"}`; `none` without a role. */
function authOfRole(role: string | undefined): string {
  if (role === undefined) return 'none';
  const given: unknown = JSON.parse(role);
  const key = typeof given === 'object' && given !== null && 'apikey' in given ? given.apikey : undefined;
  return JSON.stringify({ mode: 'apikey', key });
}

/** Reads the JSON of `PUT /auth`, or the bare words 'none' and 'unconfigured'. */
function authFromText(text: string): Auth {
  if (text === 'none' || text === 'unconfigured') return { mode: text };
  return parseAuth(JSON.parse(text));
}

function portsFromText(text: string): number[] {
  const ports = text.split(',').map((part) => Number(part.trim()));
  if (ports.some((port) => !Number.isInteger(port) || port < 0 || port > 65535)) {
    throw new Error(`FORWARDED_PORT: expected ports from 0 to 65535, comma-joined, found '${text}'`);
  }
  return ports.filter((port) => port !== 0);
}
