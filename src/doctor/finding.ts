/** `unknown`: it could not be looked at, and `found` says why. */
export type Verdict = 'ok' | 'warning' | 'wrong' | 'unknown';

/** What a check came to. No secret is in it. */
export interface Finding {
  readonly verdict: Verdict;
  readonly found: string;
  /** What that leads to; null where what was found says it. */
  readonly means: string | null;
  /** The exact thing to do. */
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

/** Something else has to be right first, and has a finding of its own. */
export class NotLooked extends Error {
  override readonly name = 'NotLooked';
}
