import { asError } from './errors';
/**
 * Runs work with a signal that is aborted after `ms` or with `outer`. It uses a timer of its own, since Node.js 20
 * holds a combined `AbortSignal.timeout` only weakly, and may collect it before it fires. It settles even if the work
 * ignores its signal, as `fetch` does when a port proxy closes a connection before the request was sent.
 * @throws DeadlineExceeded after `ms`; the outer signal's reason when that is aborted
 */
export async function withDeadline<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const end = (reason: unknown) => {
      controller.abort(reason);
      finish(() => reject(asError(reason)));
    };
    const timer = setTimeout(() => end(new DeadlineExceeded(ms)), ms);
    const onOuter = () => end(outer.reason);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      outer.removeEventListener('abort', onOuter);
      settle();
    };
    if (outer.aborted) {
      onOuter();
      return;
    }
    outer.addEventListener('abort', onOuter, { once: true });
    work(controller.signal).then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(asError(error))),
    );
  });
}

export class DeadlineExceeded extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlineExceeded';
  }
}
