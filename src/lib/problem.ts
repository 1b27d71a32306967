/** What is wrong, and what to do about it, for people. */
export interface Problem {
  readonly what: string;
  /** Null: there is nothing to do but to wait, or `what` says it all. */
  readonly todo: string | null;
}

export function inWords({ what, todo }: Problem): string {
  return todo === null ? what : `${what}: ${todo}`;
}

/** Keeps both apart for those who show them apart. Its message says both. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem | string, options?: ErrorOptions) {
    const found = typeof problem === 'string' ? { what: problem, todo: null } : problem;
    super(inWords(found), options);
    this.problem = found;
  }
}
