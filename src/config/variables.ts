import { isIP } from 'node:net';
import { makeExactValidator, type CleanedEnv } from 'envalid';
import type { Port } from '../domain/engine';
import { basicMistake, headerSecret } from '../secrets/header-secrets';
import type { PortRange, PullPolicy } from '../domain/settings';

// Every variable of the environment that Portward reads, but for those with a VPN's number at the end
// (GLUETUN_PORT_RANGE_1, GLUETUN_API_PORT_2, GLUETUN_API_KEY_2 and so on), which config.ts reads beside them.

function integer(least: number, most: number) {
  return makeExactValidator<number>((text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new Error(`expected a whole number from ${least} to ${most}, got '${text}'`);
    }
    return value;
  });
}

function seconds(least: number, most: number) {
  return makeExactValidator<number>((text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most) {
      throw new Error(`expected seconds from ${least} to ${most}, got '${text}'`);
    }
    return value;
  });
}

function oneOf<T extends string>(...choices: T[]) {
  return makeExactValidator<T>((text) => {
    const choice = choices.find((c) => c === text.trim().toLowerCase());
    if (choice === undefined) throw new Error(`expected ${choices.join(' or ')}, got '${text}'`);
    return choice;
  });
}

const flag = makeExactValidator<boolean>((text) => {
  const value = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(value)) return true;
  if (['false', '0', 'no', 'off'].includes(value)) return false;
  throw new Error(`expected true or false, got '${text}'`);
});

const text = makeExactValidator<string>((value) => value.trim());

/** As Temporal's SDK takes it: no URL, and the port may be left out. */
const grpcAddress = makeExactValidator<string>((value) => {
  const address = value.trim();
  const isAddress = /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(address) || isIP(address) === 6;
  if (address !== '' && !isAddress) throw new Error(`expected host:port, for example temporal:7233, got '${address}'`);
  return address;
});

/** Never named in an error. So are the next. */
const secret = makeExactValidator<string>((value) => value.trim());
const secretOfHeader = makeExactValidator<string>(headerSecret);

/** Long enough not to be found by trying, as whoever reads a history could. */
const longSecret = makeExactValidator<string>((value) => {
  const trimmed = value.trim();
  if (trimmed !== '' && trimmed.length < 16) throw new Error(`expected at least 16 characters, got ${trimmed.length}`);
  return trimmed;
});

function isPercentEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** It may hold a token, so what was given is not repeated. */
const secretAddress = makeExactValidator<string>((value) => {
  const address = value.trim();
  if (!URL.canParse(address) || !['http:', 'https:'].includes(new URL(address).protocol)) {
    throw new Error('expected an address that begins with http:// or https://');
  }
  const { username, password } = new URL(address);
  if (![username, password].every(isPercentEncoded)) {
    throw new Error('expected each % in the name and password before the host as %25');
  }
  const mistake = basicMistake({ user: decodeURIComponent(username), password: decodeURIComponent(password) });
  if (mistake !== null) throw new Error(mistake);
  return address;
});

function matching(pattern: RegExp, expected: string) {
  return makeExactValidator<string>((value) => {
    if (!pattern.test(value)) throw new Error(`expected ${expected}, got '${value}'`);
    return value;
  });
}

/** @throws Error that says what was expected */
export function parsePortRange(value: string): PortRange {
  const [, first, last] = /^\s*(\d{1,5})\s*-\s*(\d{1,5})\s*$/.exec(value) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (!(range.first >= 1 && range.last <= 65_535 && range.first <= range.last)) {
    throw new Error(`expected two ports as FIRST-LAST, for example 19000-19999, got '${value}'`);
  }
  return range;
}

const portRange = makeExactValidator<PortRange>(parsePortRange);

/** @throws Error that says what was expected */
export function parsePort(value: string): Port {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new Error(`expected a whole number from 1 to 65535, got '${value}'`);
  }
  return number;
}

const port = makeExactValidator<Port>(parsePort);

const imageTag = matching(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/, "an image's tag");
/** Where to listen: an address of this machine, or a name of one. */
const listeningHost = makeExactValidator<string>((value) => {
  const host = value.trim();
  if (isIP(host) === 0 && !HOST_NAME.test(host)) {
    throw new Error(`expected an IP address or a host's name, without a port, got '${value}'`);
  }
  return host;
});
const HOST_NAME = /^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/;

/** As a browser says where a page is from; `*` for any. @throws Error that says what was expected */
function origin(value: string, all: readonly string[]): string {
  if (value === '*') {
    if (all.length > 1) throw new Error("expected '*' alone, which is any origin, or a list without it");
    return value;
  }
  const url = URL.canParse(value) ? new URL(value) : null;
  const whole = url?.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!url || !whole || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/' || value.includes('*')) {
    throw new Error(
      `expected origins as https://dashboard.example or http://192.168.1.5:3000 (scheme, host, port if any, and nothing behind it), or '*' alone, got '${value}'`,
    );
  }
  return url.origin;
}

const originList = makeExactValidator<readonly string[]>((list) => {
  const all = list.split(/[\s,]+/).filter((value) => value !== '');
  return all.map((value) => origin(value, all));
});

/** For what resolves no names. */
const ipAddress = makeExactValidator<string>((value) => {
  if (isIP(value.trim()) === 0) throw new Error(`expected an IP address, got '${value}'`);
  return value.trim();
});

export const variables = {
  PORTWARD_INSTANCE: matching(
    /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}$/,
    'up to 32 letters, digits, - and _',
  )({ default: 'default' }),
  APP_HOST: listeningHost({ default: '0.0.0.0' }),
  APP_PORT: port({ default: 8000 }),
  API_KEY: secretOfHeader({ default: '' }),
  API_KEY_2: secretOfHeader({ default: '' }),
  ALLOW_UNAUTHENTICATED: flag({ default: false }),
  CORS_ORIGINS: originList({ default: [] }),
  API_CHANGES_PER_MINUTE: integer(0, 1_000_000)({ default: 120 }),
  API_WRONG_KEYS_PER_MINUTE: integer(0, 1_000_000)({ default: 10 }),
  ENGINES_MAX_AGE_MS: integer(0, 10_000)({ default: 100 }),
  ENGINES_STALE_LIMIT_S: seconds(0, 3600)({ default: 30 }),
  ADVERTISED_HOST: text({ default: '' }),
  CONTAINER_LABEL: matching(/^[^=\s]+=[^=\s]+$/, 'a label as name=value')({ default: 'ondemand.app=myservice' }),
  CONTAINER_REACH: oneOf('auto', 'network', 'published')({ default: 'auto' }),
  ENGINE_VARIANT: text({ default: 'krinkuto11-amd64' }),
  ENGINE_ARM32_VERSION: imageTag({ default: 'arm32-v3.2.13' }),
  ENGINE_ARM64_VERSION: imageTag({ default: 'arm64-v3.2.13' }),
  ENGINE_FILE: text({ default: '' }),
  ENGINE_IMAGE: text({ default: '' }),
  PULL_POLICY: oneOf<PullPolicy>('missing', 'always', 'never')({ default: 'missing' }),
  VPN_MODE: oneOf('single', 'redundant')({ default: 'single' }),
  GLUETUN_CONTAINER_NAME: text({ default: '' }),
  GLUETUN_CONTAINER_NAME_2: text({ default: '' }),
  GLUETUN_CONTAINER_NAMES: text({ default: '' }),
  GLUETUN_API_PORT: port({ default: undefined }),
  GLUETUN_TIMEOUT_S: seconds(0.1, 60)({ default: 5 }),
  GLUETUN_HEALTH_CHECK_INTERVAL_S: seconds(0.1, 3600)({ default: 5 }),
  GLUETUN_PORT_CACHE_TTL_S: seconds(0, 86_400)({ default: 60 }),
  GLUETUN_PORT_INDEX: integer(0, 99)({ default: 0 }),
  VPN_UNHEALTHY_RESTART_TIMEOUT_S: seconds(0, 86_400)({ default: 60 }),
  VPN_RESTART_ENGINES_ON_RECONNECT: flag({ default: true }),
  PORT_LOST_TIMEOUT_S: seconds(0, 86_400)({ default: 60 }),
  PORT_CHANGE_SPACING_MAX_S: seconds(0, 3600)({ default: 300 }),
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: integer(1, 100)({ default: 5 }),
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: seconds(1, 86_400)({ default: 300 }),
  CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD: integer(1, 100)({ default: 3 }),
  CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S: seconds(1, 86_400)({ default: 180 }),
  PORT_RANGE_HOST: portRange({ default: { first: 19_000, last: 19_999 } }),
  ACE_HTTPS_RANGE: portRange({ default: { first: 45_000, last: 49_999 } }),
  MIN_REPLICAS: integer(0, 1000)({ default: 1 }),
  MIN_FREE_REPLICAS: integer(0, 1000)({ default: 1 }),
  MAX_REPLICAS: integer(1, 1000)({ default: 20 }),
  MAX_ACTIVE_REPLICAS: integer(1, 1000)({ default: 20 }),
  AUTOSCALE_INTERVAL_S: seconds(1, 3600)({ default: 30 }),
  ENGINE_GRACE_PERIOD_S: seconds(0, 86_400)({ default: 30 }),
  DRAIN_TIMEOUT_S: seconds(0, 86_400)({ default: 0 }),
  COLLECT_INTERVAL_S: seconds(1, 3600)({ default: 5 }),
  STATS_HISTORY_MAX: integer(1, 100_000)({ default: 720 }),
  STARTUP_TIMEOUT_S: seconds(1, 540)({ default: 25 }),
  STOP_TIMEOUT_S: integer(0, 300)({ default: 10 }),
  EVICTION_GRACE_S: seconds(0, 300)({ default: 3 }),
  PROXY_CACHE_S: seconds(0, 10)({ default: 2 }),
  HEALTH_CHECK_INTERVAL_S: seconds(0.5, 3600)({ default: 20 }),
  HEALTH_FAILURE_THRESHOLD: integer(1, 100)({ default: 3 }),
  PORTWARD_SECRET_KEY: longSecret({ default: '' }),
  NOTIFY_URL: secretAddress({ default: '' }),
  NOTIFY_SECRET: secret({ default: '' }),
  TEMPORAL_ADDRESS: grpcAddress({ default: '' }),
  PORTWARD_TEMPORAL_PORT: port({ default: 7233 }),
  PORTWARD_TEMPORAL_UI_PORT: port({ default: 8233 }),
  PORTWARD_METRICS_PORT: integer(0, 65_535)({ default: 0 }),
  PORTWARD_METRICS_HOST: ipAddress({ default: '127.0.0.1' }),
  LOG_FORMAT: oneOf('auto', 'json', 'pretty')({ default: 'auto' }),
  DEBUG_MODE: flag({ default: false }),
  DEBUG_LOG_DIR: text({ default: './debug_logs' }),
};

export type Variables = CleanedEnv<typeof variables>;
