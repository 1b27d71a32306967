/**
 * Resolves after `ms`, or as soon as one of the signals is aborted. Never before: a timer of Node's counts whole milliseconds, and may
 * be early by a part of one.
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
      if (left > 0) timer = setTimeout(ring, left);
      else done();
    };
    let timer = setTimeout(ring, ms);
    for (const signal of signals) {
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    }
  });
}
