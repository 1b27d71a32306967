// dockerode rejects with errors that carry the status of Docker's answer.

export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** For example a removal that is already in progress, or a name that is taken. */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
}
