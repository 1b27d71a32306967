/** The system's name of an error ('EADDRINUSE'). Not by `instanceof`: under jest Node's own errors are of another realm. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
