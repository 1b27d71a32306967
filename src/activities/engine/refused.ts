const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_SOCKET']);

/** Whether nothing accepts connections there, or what did has gone in the middle of an answer. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && CODES.has(error.code)) return true;
  if (error instanceof AggregateError && error.errors.some(isRefused)) return true;
  return isRefused(error.cause);
}
