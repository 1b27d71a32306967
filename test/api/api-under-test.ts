import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { app, type AppOptions } from '../../src/api/app';
import type { FleetSource } from '../../src/gateways/fleet-source';
import type { PoolSettings } from '../../src/api/present/pool-status';
import { apiServer } from '../../src/api/http/server';
import type { VpnSource } from '../../src/gateways/vpn-source';
import type { SealingKey } from '../../src/secrets/seal';

/** Records the requested numbers of engines. A test may let it fail. */
export class FleetStandIn implements FleetSource {
  readonly scaled: number[] = [];
  answer: () => Promise<void> = async () => undefined;

  scale(engines: number): Promise<void> {
    this.scaled.push(engines);
    return this.answer();
  }
}

export const POOL: PoolSettings = {
  minReplicas: 1,
  maxReplicas: 20,
  maxActiveReplicas: 20,
  idleGraceMs: 30_000,
  engineVariant: 'krinkuto11-amd64',
  healthCheckIntervalMs: 20_000,
};

export const SEALING_KEY = randomBytes(32) as SealingKey;

export const STALE_LIMIT_MS = 30_000;
export const LAG_MS = 600;
/** As `lagMs`: lists are stale as soon as a workflow does not answer. */
export const AT_ONCE = -1;

type Options = Omit<Partial<AppOptions>, 'reads' | 'access' | 'limits' | 'pool'> & {
  readonly pool?: Partial<AppOptions['pool']>;
  readonly reads?: Partial<AppOptions['reads']>;
  readonly access?: Partial<AppOptions['access']>;
  readonly limits?: Partial<AppOptions['limits']>;
};

const NAME = Symbol.for('fastify.display-name');

/** Fastify searches all modules for the name of a plugin without one. Under jest this takes as long as the rest of the API. */
function nameEveryPlugin(server: FastifyInstance): void {
  const register = server.register.bind(server) as (plugin: object, ...options: unknown[]) => FastifyInstance;
  const named = (plugin: object, ...options: unknown[]) =>
    register(NAME in plugin ? plugin : Object.assign(plugin, { [NAME]: 'plugin' }), ...options);
  Object.assign(server, { register: named });
}

const opened: FastifyInstance[] = [];

/** The API with these sources. No key is set unless the test sets one. */
export async function api(sources: readonly VpnSource[], options: Options = {}): Promise<FastifyInstance> {
  const server = apiServer();
  opened.push(server);
  nameEveryPlugin(server);
  await server.register(app, {
    instance: 'test',
    statsHistoryMax: options.statsHistoryMax ?? 720,
    sources,
    fleet: options.fleet ?? new FleetStandIn(),
    sealingKey: options.sealingKey ?? (async () => SEALING_KEY),
    pool: { ...POOL, ...options.pool },
    reads: {
      lagMs: LAG_MS,
      staleLimitMs: STALE_LIMIT_MS,
      advertisedHost: null,
      containerLabel: 'ondemand.app=myservice',
      ...options.reads,
    },
    lastLists: options.lastLists ?? null,
    access: { keys: [], allowUnauthenticated: false, origins: [], ...options.access },
    limits: { changesPerMinute: 120, wrongKeysPerMinute: 10, ...options.limits },
    temporalUi: options.temporalUi ?? null,
    workerMetrics: options.workerMetrics ?? null,
  });
  return server;
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((server) => server.close()));
}

/** Fakes `Date`, `performance` and timers, but not the queues that promises and streams need. */
export function turnTime(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
}

/** A promise that the test resolves or rejects. */
export class Later<T> {
  resolve: (value: T) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}
