import { withDeadline } from '../../lib/deadline';
import { http } from '../http';
import { accepted } from '../../lib/tcp';
import { askConnected, url, type Endpoint, type EngineApi } from './engine-api';
import type { Variant } from './variant';

/** One HTTP status, or a class of them. */
export type StatusPattern = number | '2xx' | '3xx' | '4xx' | '5xx';

/** What counts as an answer of an engine at its HTTP port. */
export type HealthProbe =
  | { readonly type: 'http'; readonly path: string; readonly statuses: readonly StatusPattern[] }
  | { readonly type: 'tcp' };

const TIMEOUT_MS = 3_000;

/** Makes the client for engines of one kind. */
export function engineApi({ health, connectionStatus }: Pick<Variant, 'health' | 'connectionStatus'>): EngineApi {
  return {
    answers: (endpoint, signal) => probe(health, endpoint, signal),
    connected: connectionStatus
      ? askConnected
      : () => Promise.reject(new Error('engines of this kind can not be asked whether they are connected')),
  };
}

async function probe(health: HealthProbe, endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  await withDeadline(TIMEOUT_MS, signal, async (limit) => {
    if (health.type === 'tcp') return accepted(endpoint, limit);
    const { status } = await http(url(endpoint, health.path), { signal: limit, bytesAtMost: 0 });
    if (!health.statuses.some((pattern) => matches(pattern, status))) {
      throw new Error(`the engine's API answers ${status}`);
    }
  });
}

function matches(pattern: StatusPattern, status: number): boolean {
  return pattern === status || pattern === `${Math.floor(status / 100)}xx`;
}
