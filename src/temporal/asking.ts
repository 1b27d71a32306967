import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';

export interface Patience {
  readonly withinMs: number;
  /** Aborted when there is nobody any more to be answered. */
  readonly signal: AbortSignal;
}

/**
 * Has all that is asked of Temporal in `ask` end in time. The client never takes back the listener that it puts on a
 * signal for each request, and with it keeps the request: so each time has a signal of its own.
 */
export async function askingTemporal<T>(
  connection: Client['connection'],
  { withinMs, signal }: Patience,
  ask: () => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  setMaxListeners(0, own.signal);
  const stop = () => own.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await connection.withAbortSignal(own.signal, () => connection.withDeadline(Date.now() + withinMs, ask));
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
