import { once } from 'node:events';

/** Runs work that goes on until Ctrl-C or SIGTERM, which is how it ends and no failure. It is left then, whatever it waits for. */
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
