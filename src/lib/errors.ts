/** The message of an error. Anything else that was thrown is converted to text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/**
 * The system's code of an error ('EADDRINUSE'). It is not recognised by `instanceof`, because under jest Node.js's
 * own errors belong to another realm.
 */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** The reason of a failed `fetch`: its error only says 'fetch failed', and has the reason as its cause. */
export function causeOfFetch(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
