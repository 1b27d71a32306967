/** In ms. With a longer time Node.js's timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves after `ms`, or as soon as one of the signals is aborted. Never earlier than `ms`, although Node.js's
 * timers may fire up to a millisecond early. Infinity waits for a signal only.
 */
export function pauseUntil(ms: number, ...signals: AbortSignal[]): Promise<void> {
  const due = performance.now() + ms;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const ring = () => {
      const left = due - performance.now();
      if (left > 0) timer = setTimeout(ring, Math.min(left, LONGEST_TIMER_MS));
      else done();
    };
    let timer = setTimeout(ring, Math.min(ms, LONGEST_TIMER_MS));
    for (const signal of signals) {
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    }
  });
}

/** Resolves when the work has succeeded or failed, after `ms`, or as soon as one of the signals is aborted. */
export async function settledWithin(ms: number, work: Promise<unknown>, ...signals: AbortSignal[]): Promise<void> {
  const done = new AbortController();
  const end = () => done.abort();
  work.then(end, end);
  await pauseUntil(ms, done.signal, ...signals);
}
