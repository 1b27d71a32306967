import { cleanEnv } from 'envalid';
import type { Port } from '../domain/engine';
import type { PortRange, PullPolicy, VpnSettings } from '../domain/settings';
import { dataDir } from './folders';
import { engineVariant } from './engine-kind';
import type { Variant } from '../clients/engine/variant';
import { gluetunAuth } from './gluetun';
import type { GluetunAuth } from '../clients/gluetun/client';
import { checkedHeaderSecret } from '../secrets/header-secrets';
import type { WebhookTarget } from '../clients/webhook';
import { parsePort, parsePortRange, variables, type Variables } from './variables';
import { messageOf } from '../lib/errors';

export interface VpnConfig {
  readonly name: string;
  readonly httpPorts: PortRange;
  /** Engines wanted on it, the forwarded one among them. */
  readonly targetEngines: number;
  readonly gluetunAuth: GluetunAuth;
  /** Where its control server listens; null: where its container's environment says. */
  readonly apiPort: Port | null;
  /** Which of several forwarded ports the engine follows; 0 is the first. */
  readonly portIndex: number;
}

/** What runs in a process. */
export type Part = 'worker' | 'api';

/** The whole configuration, checked. It holds secrets: it is never logged or sent anywhere as a whole. */
export interface Config {
  readonly instance: string;
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Any of them opens the routes that ask for one; none: see `allowUnauthenticated`. */
    readonly keys: readonly string[];
    readonly allowUnauthenticated: boolean;
    /** Of pages that may use the API from elsewhere; `*`: any may read. */
    readonly origins: readonly string[];
    /** Of one address, to one route; 0: no limit. So is the next. */
    readonly changesPerMinute: number;
    readonly wrongKeysPerMinute: number;
    /** For how long a list may be behind its workflow and still counts as fresh. */
    readonly enginesLagMs: number;
    readonly enginesStaleLimitMs: number;
    readonly advertisedHost: string | null;
    /** Samples kept of each stream. */
    readonly statsHistoryMax: number;
  };
  readonly vpns: readonly VpnConfig[];
  readonly gluetun: { readonly timeoutMs: number };
  readonly checkIntervalMs: number;
  readonly portCacheTtlMs: number;
  readonly unhealthyRestartMs: number;
  readonly portLostMs: number;
  readonly replaceOnReconnect: boolean;
  readonly longestSpacingMs: number;
  readonly breakers: VpnSettings['breakers'];
  readonly containerLabel: string;
  readonly reach: 'auto' | 'network' | 'published';
  readonly httpsPorts: PortRange;
  /** How many engines there are over all VPNs. */
  readonly pool: {
    readonly minReplicas: number;
    readonly minFreeReplicas: number;
    readonly maxReplicas: number;
    readonly maxActiveReplicas: number;
    readonly autoscaleIntervalMs: number;
    readonly idleGraceMs: number;
  };
  readonly drainMs: number;
  readonly collectIntervalMs: number;
  readonly evictionGraceMs: number;
  readonly stopTimeoutS: number;
  readonly startupTimeoutMs: number;
  readonly engine: {
    /** `custom` for one from ENGINE_FILE. */
    readonly variantName: string;
    readonly variant: Variant;
    readonly pullPolicy: PullPolicy;
    readonly healthCheckIntervalMs: number;
    readonly healthFailureThreshold: number;
  };
  /** Who is told of what happens. */
  readonly notify: WebhookTarget | null;
  readonly temporal: {
    /** Null: the embedded server. */
    readonly address: string | null;
    readonly port: number;
    readonly uiPort: number;
  };
  /** Where the worker's metrics are to be had; port 0: nowhere, but for the API in the same process. */
  readonly metrics: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  /** What the environment given for engines is sealed with; null: a key that is kept in the data folder. */
  readonly secretKey: string | null;
  readonly log: { readonly debug: boolean; readonly debugDir: string; readonly format: 'auto' | 'json' | 'pretty' };
}

/** All that is wrong with the configuration, in one message. */
export class ConfigError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(
      `Configuration is wrong in ${mistakes.length} place${mistakes.length === 1 ? '' : 's'}:\n${mistakes.map((m) => `  - ${m}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** A workflow's list is here within some 20 ms; a busy machine has this long. */
const LAG_ALLOWED_MS = 500;
/** Less than the time before an engine is stopped in which its replacement sees to it that lists are answered. */
const LONGEST_SINCE_A_LIST_MS = 12_500;

type Env = Readonly<Record<string, string | undefined>>;

/** Until nobody has a list any more in which an engine is that was hidden. */
function checkGrace(read: Variables, mistakes: string[], comparable: (...names: (keyof Variables)[]) => boolean): void {
  if (!comparable('PROXY_CACHE_S', 'ENGINES_MAX_AGE_MS')) return;
  const cacheMs = read.PROXY_CACHE_S * 1000;
  const leastGraceMs = cacheMs + read.ENGINES_MAX_AGE_MS + LAG_ALLOWED_MS;
  if (leastGraceMs > LONGEST_SINCE_A_LIST_MS) {
    const most = (LONGEST_SINCE_A_LIST_MS - LAG_ALLOWED_MS) / 1000;
    const got = (cacheMs + read.ENGINES_MAX_AGE_MS) / 1000;
    mistakes.push(`PROXY_CACHE_S: expected at most ${most} with ENGINES_MAX_AGE_MS, got ${got} together`);
  } else if (comparable('EVICTION_GRACE_S') && read.EVICTION_GRACE_S * 1000 <= leastGraceMs) {
    mistakes.push(
      `EVICTION_GRACE_S: expected more than ${leastGraceMs / 1000} (PROXY_CACHE_S, ENGINES_MAX_AGE_MS and ` +
        `${LAG_ALLOWED_MS / 1000} s more), got ${read.EVICTION_GRACE_S}; a proxy could still choose an engine that is stopped`,
    );
  }
}

/** @param parts what is to run with it @throws ConfigError */
export function loadConfig(env: Env, parts: readonly Part[] = ['worker', 'api']): Config {
  const mistakes: string[] = [];
  // `NAME=` in an .env file means that it is not set.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const wrong = new Set<string>();
  cleanEnv(given, variables, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors)) {
        mistakes.push(`${name}: ${messageOf(error)}`);
        wrong.add(name);
      }
    },
  });
  // Defaults stand in for what is wrong, so that what is wrong with the rest is said too.
  const read: Variables = cleanEnv(
    Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name))),
    variables,
  );
  // What is wrong by itself has its message; comparing it with others would only add noise.
  const comparable = (...names: (keyof Variables)[]) => names.every((name) => !wrong.has(name));

  const vpns = vpnConfigs(read, given, mistakes, comparable);
  const engine = engineVariant(read, given, mistakes);
  // Read by Temporal's client, whose error would repeat it.
  checkedHeaderSecret('TEMPORAL_API_KEY', given['TEMPORAL_API_KEY'] ?? '', mistakes);
  checkGrace(read, mistakes, comparable);
  const most = read.MAX_ACTIVE_REPLICAS < read.MAX_REPLICAS ? 'MAX_ACTIVE_REPLICAS' : 'MAX_REPLICAS';
  if (comparable('MIN_REPLICAS', 'MAX_REPLICAS', 'MAX_ACTIVE_REPLICAS') && read.MIN_REPLICAS > read[most])
    mistakes.push(`MIN_REPLICAS: expected at most ${most} (${read[most]}), got ${read.MIN_REPLICAS}`);
  const listening = listeners(read, parts).filter(({ name }) => comparable(name));
  for (const [i, { name, port, host }] of listening.entries()) {
    const other = listening.slice(0, i).find((before) => before.port === port && mayMeet(before.host, host));
    if (other) mistakes.push(`${name}: expected another port than ${other.name}, got ${port} for both`);
  }
  if (mistakes.length > 0 || !engine) throw new ConfigError(mistakes);

  return {
    instance: read.PORTWARD_INSTANCE,
    api: {
      host: read.APP_HOST,
      port: read.APP_PORT,
      keys: [read.API_KEY, read.API_KEY_2].filter((key) => key !== ''),
      allowUnauthenticated: read.ALLOW_UNAUTHENTICATED,
      origins: read.CORS_ORIGINS,
      changesPerMinute: read.API_CHANGES_PER_MINUTE,
      wrongKeysPerMinute: read.API_WRONG_KEYS_PER_MINUTE,
      enginesLagMs: read.ENGINES_MAX_AGE_MS + LAG_ALLOWED_MS,
      enginesStaleLimitMs: read.ENGINES_STALE_LIMIT_S * 1000,
      advertisedHost: read.ADVERTISED_HOST === '' ? null : read.ADVERTISED_HOST,
      statsHistoryMax: read.STATS_HISTORY_MAX,
    },
    vpns,
    gluetun: { timeoutMs: read.GLUETUN_TIMEOUT_S * 1000 },
    checkIntervalMs: read.GLUETUN_HEALTH_CHECK_INTERVAL_S * 1000,
    portCacheTtlMs: read.GLUETUN_PORT_CACHE_TTL_S * 1000,
    unhealthyRestartMs: read.VPN_UNHEALTHY_RESTART_TIMEOUT_S * 1000,
    portLostMs: read.PORT_LOST_TIMEOUT_S * 1000,
    replaceOnReconnect: read.VPN_RESTART_ENGINES_ON_RECONNECT,
    longestSpacingMs: read.PORT_CHANGE_SPACING_MAX_S * 1000,
    breakers: {
      general: {
        threshold: read.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
        recoveryMs: read.CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S * 1000,
      },
      replacement: {
        threshold: read.CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD,
        recoveryMs: read.CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S * 1000,
      },
    },
    containerLabel: read.CONTAINER_LABEL,
    reach: read.CONTAINER_REACH,
    httpsPorts: read.ACE_HTTPS_RANGE,
    pool: {
      minReplicas: read.MIN_REPLICAS,
      minFreeReplicas: minFreeReplicas(read, given),
      maxReplicas: read.MAX_REPLICAS,
      maxActiveReplicas: read.MAX_ACTIVE_REPLICAS,
      autoscaleIntervalMs: read.AUTOSCALE_INTERVAL_S * 1000,
      idleGraceMs: read.ENGINE_GRACE_PERIOD_S * 1000,
    },
    drainMs: read.DRAIN_TIMEOUT_S * 1000,
    collectIntervalMs: read.COLLECT_INTERVAL_S * 1000,
    evictionGraceMs: read.EVICTION_GRACE_S * 1000,
    stopTimeoutS: read.STOP_TIMEOUT_S,
    startupTimeoutMs: read.STARTUP_TIMEOUT_S * 1000,
    engine: {
      ...engine,
      pullPolicy: read.PULL_POLICY,
      healthCheckIntervalMs: read.HEALTH_CHECK_INTERVAL_S * 1000,
      healthFailureThreshold: read.HEALTH_FAILURE_THRESHOLD,
    },
    notify:
      read.NOTIFY_URL === ''
        ? null
        : { url: read.NOTIFY_URL, secret: read.NOTIFY_SECRET === '' ? null : read.NOTIFY_SECRET },
    temporal: {
      address: read.TEMPORAL_ADDRESS === '' ? null : read.TEMPORAL_ADDRESS,
      port: read.PORTWARD_TEMPORAL_PORT,
      uiPort: read.PORTWARD_TEMPORAL_UI_PORT,
    },
    metrics: { host: read.PORTWARD_METRICS_HOST, port: read.PORTWARD_METRICS_PORT },
    dataDir: dataDir(env),
    secretKey: read.PORTWARD_SECRET_KEY === '' ? null : read.PORTWARD_SECRET_KEY,
    log: { debug: read.DEBUG_MODE, debugDir: read.DEBUG_LOG_DIR, format: read.LOG_FORMAT },
  };
}

/** Who wants no engines but the forwarded ones wants no free ones either, unless they say so. */
function minFreeReplicas(read: Variables, given: Env): number {
  return read.MIN_REPLICAS === 0 && given['MIN_FREE_REPLICAS'] === undefined ? 0 : read.MIN_FREE_REPLICAS;
}

interface Listener {
  readonly name: keyof Variables;
  readonly port: number;
  readonly host: string;
}

/** Where these parts of Portward listen. */
function listeners(read: Variables, parts: readonly Part[]): Listener[] {
  const api: Listener[] = [{ name: 'APP_PORT', port: read.APP_PORT, host: read.APP_HOST }];
  const metrics: Listener[] = [
    { name: 'PORTWARD_METRICS_PORT', port: read.PORTWARD_METRICS_PORT, host: read.PORTWARD_METRICS_HOST },
  ];
  const embeddedServer: Listener[] = [
    { name: 'PORTWARD_TEMPORAL_PORT', port: read.PORTWARD_TEMPORAL_PORT, host: '127.0.0.1' },
    { name: 'PORTWARD_TEMPORAL_UI_PORT', port: read.PORTWARD_TEMPORAL_UI_PORT, host: '127.0.0.1' },
  ];
  return [
    ...(parts.includes('api') ? api : []),
    ...(parts.includes('worker') && read.PORTWARD_METRICS_PORT !== 0 ? metrics : []),
    ...(parts.includes('worker') && read.TEMPORAL_ADDRESS === '' ? embeddedServer : []),
  ];
}

/** Whether two who listen on one port of these addresses are in each other's way. */
function mayMeet(one: string, other: string): boolean {
  const everywhere = ['0.0.0.0', '::'];
  return one === other || everywhere.includes(one) || everywhere.includes(other);
}

const DOCKER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

function vpnConfigs(
  read: Variables,
  env: Record<string, string | undefined>,
  mistakes: string[],
  comparable: (name: keyof Variables) => boolean,
): VpnConfig[] {
  const names = vpnNames(read, mistakes);
  for (const name of names) {
    if (!DOCKER_NAME.test(name))
      mistakes.push(
        `VPN container name: expected a letter or digit, and then at least one letter, digit, '_', '.' or '-', as Docker does; got '${name}'`,
      );
  }
  if (new Set(names).size < names.length)
    mistakes.push(`VPN container names: expected different ones, got ${names.join(', ')}`);
  const before = mistakes.length;
  const own = names.map((_, index) => ofVpn(env, 'GLUETUN_PORT_RANGE', index + 1, parsePortRange, mistakes));
  const ranges = shares(read.PORT_RANGE_HOST, own);
  const readable = mistakes.length === before && comparable('PORT_RANGE_HOST');
  ranges.forEach((range, index) => {
    if (!readable) return;
    const other = ranges.findIndex((r, i) => i > index && r.first <= range.last && range.first <= r.last);
    if (other >= 0)
      mistakes.push(
        `port ranges of ${names[index]} and ${names[other]} overlap: expected a range of its own for each VPN (GLUETUN_PORT_RANGE_${index + 1}, GLUETUN_PORT_RANGE_${other + 1})`,
      );
    if (range.last < range.first) mistakes.push(`PORT_RANGE_HOST: too small to be shared by ${names.length} VPNs`);
  });
  return names.map((name, index) => ({
    name,
    httpPorts: ranges[index] ?? read.PORT_RANGE_HOST,
    targetEngines: share(read.MIN_REPLICAS, names.length, index),
    gluetunAuth: gluetunAuth(env, index + 1, mistakes),
    apiPort: ofVpn(env, 'GLUETUN_API_PORT', index + 1, parsePort, mistakes) ?? read.GLUETUN_API_PORT ?? null,
    portIndex: read.GLUETUN_PORT_INDEX,
  }));
}

function vpnNames(read: Variables, mistakes: string[]): string[] {
  const listed = read.GLUETUN_CONTAINER_NAMES.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (listed.length > 0) return listed;
  const { GLUETUN_CONTAINER_NAME: first, GLUETUN_CONTAINER_NAME_2: second, VPN_MODE } = read;
  if (first === '') {
    mistakes.push(
      'GLUETUN_CONTAINER_NAME: expected the name of the VPN container (GLUETUN_CONTAINER_NAMES for several), got nothing',
    );
    return [];
  }
  if (VPN_MODE === 'single') return [first];
  if (second === '')
    mistakes.push(
      'GLUETUN_CONTAINER_NAME_2: expected the second VPN container, because VPN_MODE=redundant, got nothing',
    );
  return [first, second].filter((name) => name !== '');
}

/** A variable with a VPN's number at the end; null where it is not set, or wrong. */
function ofVpn<T>(
  env: Record<string, string | undefined>,
  variable: string,
  number: number,
  parse: (text: string) => T,
  mistakes: string[],
): T | null {
  const name = `${variable}_${number}`;
  const text = env[name];
  if (text === undefined) return null;
  try {
    return parse(text);
  } catch (error) {
    mistakes.push(`${name}: ${messageOf(error)}`);
    return null;
  }
}

/** VPNs without a range of their own share PORT_RANGE_HOST evenly, since two containers can't publish one port. */
function shares(all: PortRange, own: (PortRange | null)[]): PortRange[] {
  const sharing = own.filter((range) => range === null).length;
  const size = Math.floor((all.last - all.first + 1) / Math.max(1, sharing));
  let next = all.first;
  return own.map((range) => {
    if (range) return range;
    const given = { first: next, last: next + size - 1 };
    next += size;
    return given;
  });
}

/** A VPN's part of what is wanted over all VPNs; at least one engine, unless none but forwarded ones are wanted. */
export function share(total: number, vpns: number, index: number): number {
  return Math.max(Math.min(1, total), Math.floor(total / vpns) + (index < total % vpns ? 1 : 0));
}
