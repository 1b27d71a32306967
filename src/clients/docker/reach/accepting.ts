import { connect } from 'node:net';
import { withDeadline } from '../../../lib/deadline';
import type { Endpoint } from '../../engine/engine-api';

/** Between containers of one machine a connection takes less than a millisecond. */
const WITHIN_MS = 1_000;

/** Whether a connection is accepted there, whatever is answered then. */
export async function accepts(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  try {
    await withDeadline(WITHIN_MS, signal, (limit) => connection(endpoint, limit));
    return true;
  } catch {
    return false;
  }
}

function connection({ host, port }: Endpoint, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** The first one that accepts a connection; null when none does. */
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
