import { once } from 'node:events';
import { connect } from 'node:net';
import { withDeadline } from './deadline';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Between programs of one machine a connection takes less than a millisecond. */
const WITHIN_MS = 1_000;

/** Resolves when a connection was accepted, and closes it at once. */
export async function accepted({ host, port }: Address, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port, signal });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

/** Whether a connection is accepted within a second, whatever is answered then. */
export async function accepts(address: Address, signal: AbortSignal): Promise<boolean> {
  try {
    await withDeadline(WITHIN_MS, signal, (limit) => accepted(address, limit));
    return true;
  } catch {
    return false;
  }
}

/** The first address that accepts a connection; null if none does. */
export async function firstAccepting<T extends Address>(
  addresses: readonly T[],
  signal: AbortSignal,
): Promise<T | null> {
  const attempts = addresses.map(async (address) => {
    if (await accepts(address, signal)) return address;
    throw new Error('no connection');
  });
  return Promise.any(attempts).catch(() => null);
}
