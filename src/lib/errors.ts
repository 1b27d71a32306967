/** What an error says. Whatever else was thrown is put into words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was thrown, as an error that can be passed on. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The system's name of an error ('EADDRINUSE'). Not by `instanceof`: under jest Node's own errors are of another realm. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** `fetch` says only 'fetch failed', and why is in its cause. */
export function causeOfFetch(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
