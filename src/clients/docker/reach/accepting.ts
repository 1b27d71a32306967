import { withDeadline } from '../../../lib/deadline';
import type { Endpoint } from '../../engine/engine-api';
import { accepted } from '../../tcp';

/** Between containers of one machine a connection takes less than a millisecond. */
const WITHIN_MS = 1_000;

/** Whether the endpoint accepts a connection, whatever it answers then. */
export async function accepts(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  try {
    await withDeadline(WITHIN_MS, signal, (limit) => accepted(endpoint, limit));
    return true;
  } catch {
    return false;
  }
}

/** The first endpoint that accepts a connection; null if none does. */
export async function firstAccepting<T extends Endpoint>(
  endpoints: readonly T[],
  signal: AbortSignal,
): Promise<T | null> {
  const attempts = endpoints.map(async (endpoint) => {
    if (await accepts(endpoint, signal)) return endpoint;
    throw new Error('no connection');
  });
  return Promise.any(attempts).catch(() => null);
}
