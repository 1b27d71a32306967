import { setMaxListeners } from 'node:events';
import type { Client } from '@temporalio/client';

export interface TimeLimit {
  readonly withinMs: number;
  /** Aborted when the caller no longer needs the answer. */
  readonly signal: AbortSignal;
}

/**
 * Ends every request to Temporal that `ask` makes after `withinMs`, or when `signal` is aborted. The client adds a listener to the
 * signal for each request and never removes it, which keeps the request in memory. So each call has a signal of its own.
 */
export async function askingTemporal<T>(
  connection: Client['connection'],
  { withinMs, signal }: TimeLimit,
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
