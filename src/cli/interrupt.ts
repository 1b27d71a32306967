import { once } from 'node:events';

/**
 * Runs work until Ctrl-C or SIGTERM. That is its normal end and no failure, whatever the work waits for at that
 * moment.
 */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupted = new AbortController();
  const end = () => interrupted.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    await Promise.race([work(interrupted.signal), once(interrupted.signal, 'abort')]);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}
