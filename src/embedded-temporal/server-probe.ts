import { isGrpcDeadlineError, isGrpcServiceError } from '@temporalio/client';
import { pauseUntil } from '../lib/pause';
import { lazyClient, targetAt } from '../temporal/client';
import { readDatabase } from './database-read';
import { messageOf } from '../lib/errors';

const PROBE_EVERY_MS = 2_000;
const FAILING_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 3_000;
/** At least this many failures: while this process stood still, the server may have worked. */
const FAILURES_AT_LEAST = 3;
/** A server that answers with errors for this long does not recover. */
const ERRORS_FOR_MS = 10_000;
/** A server that does not answer at all may run on a busy machine. */
const SILENT_FOR_MS = 30_000;

/** How long a running server has failed to read its database, and why. */
export interface Unusable {
  readonly seconds: number;
  readonly reason: string;
}

/** Resolves when the server has not read its database for long, and with null if aborted before. */
export async function untilUnusable(address: string, signal: AbortSignal): Promise<Unusable | null> {
  const { connection } = lazyClient(targetAt(address));
  const probe = () => connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => readDatabase(connection));
  try {
    const failing = new Failing();
    while (!signal.aborted) {
      const begun = performance.now();
      const unusable = failing.add(begun, await probe().then(() => null, failureOf));
      if (unusable !== null && !signal.aborted) return unusable;
      await pauseUntil(failing.lasts ? FAILING_EVERY_MS : PROBE_EVERY_MS, signal);
    }
    return null;
  } finally {
    await connection.close();
  }
}

interface Failure {
  readonly silent: boolean;
  readonly reason: string;
}

function failureOf(error: unknown): Failure {
  if (isGrpcServiceError(error)) return { silent: isGrpcDeadlineError(error), reason: error.details };
  return { silent: false, reason: messageOf(error) };
}

/** Counts failed probes in a row. */
class Failing {
  private failures: (Failure & { readonly at: number })[] = [];

  get lasts(): boolean {
    return this.failures.length > 0;
  }

  add(at: number, failure: Failure | null): Unusable | null {
    if (failure === null) this.failures = [];
    else this.failures.push({ at, ...failure });
    const [first] = this.failures;
    const errors = this.failures.filter((f) => !f.silent);
    const ms = performance.now() - (first?.at ?? performance.now());
    const enough = errors.length >= FAILURES_AT_LEAST ? ERRORS_FOR_MS : SILENT_FOR_MS;
    if (this.failures.length < FAILURES_AT_LEAST || ms < enough) return null;
    return { seconds: Math.round(ms / 1000), reason: (errors.at(-1) ?? this.failures.at(-1))?.reason ?? '' };
  }
}
