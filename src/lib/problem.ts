/** A problem and its remedy, in words for users. */
export interface Problem {
  readonly what: string;
  /** Null if waiting is all there is to do, or `what` already says it. */
  readonly todo: string | null;
}

export function inWords({ what, todo }: Problem): string {
  return todo === null ? what : `${what}: ${todo}`;
}

/** An error that keeps problem and remedy apart, for callers that show them apart. Its message has both. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem | string, options?: ErrorOptions) {
    const found = typeof problem === 'string' ? { what: problem, todo: null } : problem;
    super(inWords(found), options);
    this.problem = found;
  }
}
