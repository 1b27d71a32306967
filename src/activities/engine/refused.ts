const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_SOCKET']);

/** Whether no connection was accepted, or it was closed before the answer was complete. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && CODES.has(error.code)) return true;
  if (error instanceof AggregateError && error.errors.some(isRefused)) return true;
  return isRefused(error.cause);
}
