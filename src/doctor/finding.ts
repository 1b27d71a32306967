/** `unknown`: the check was not possible, and `found` says why. */
export type Verdict = 'ok' | 'warning' | 'wrong' | 'unknown';

/** The result of a check. It holds no secret. */
export interface Finding {
  readonly verdict: Verdict;
  readonly found: string;
  /** The consequence; null if `found` already says it. */
  readonly means: string | null;
  /** What exactly to do; null: nothing. */
  readonly todo: string | null;
}

export function ok(found: string): Finding {
  return { verdict: 'ok', found, means: null, todo: null };
}

export function warning(found: string, means: string | null, todo: string | null): Finding {
  return { verdict: 'warning', found, means, todo };
}

export function wrong(found: string, means: string | null, todo: string | null): Finding {
  return { verdict: 'wrong', found, means, todo };
}

export function unknown(found: string): Finding {
  return { verdict: 'unknown', found, means: null, todo: null };
}

/** The check is not possible until something else is fixed, which has a finding of its own. */
export class NotChecked extends Error {
  override readonly name = 'NotChecked';
}
