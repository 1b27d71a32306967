import type { FastifyInstance } from 'fastify';
import { app, type AppOptions } from '../../src/api/app';
import { apiServer } from '../../src/api/server';
import type { VpnSource } from '../../src/api/vpn-source';

export const STALE_LIMIT_MS = 30_000;
export const MAX_AGE_MS = 100;

type Options = Omit<Partial<AppOptions>, 'reads' | 'access' | 'limits'> & {
  readonly reads?: Partial<AppOptions['reads']>;
  readonly access?: Partial<AppOptions['access']>;
  readonly limits?: Partial<AppOptions['limits']>;
};

const opened: FastifyInstance[] = [];

/** The API over these sources, on loopback without a key unless the test says otherwise. */
export async function api(sources: readonly VpnSource[], options: Options = {}): Promise<FastifyInstance> {
  const server = apiServer();
  opened.push(server);
  await server.register(app, {
    instance: 'test',
    sources,
    reads: {
      maxAgeMs: MAX_AGE_MS,
      staleLimitMs: STALE_LIMIT_MS,
      advertisedHost: null,
      containerLabel: 'ondemand.app=myservice',
      ...options.reads,
    },
    access: { keys: [], allowUnauthenticated: false, host: '127.0.0.1', ...options.access },
    limits: { changesPerMinute: 120, wrongKeysPerMinute: 10, ...options.limits },
  });
  return server;
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((server) => server.close()));
}

/** Turns `Date`, `performance` and timers, not what promises and streams run on. */
export function turnTime(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
}

/** An answer that the test gives when it wants to. */
export class Later<T> {
  resolve: (value: T) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}
