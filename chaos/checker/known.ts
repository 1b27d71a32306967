import type { Trouble } from '../ground-truth';
import { HANG_NOTICE_MS, notice, RECOVERY_MS } from './limits';
import type { RuleContext } from './rule';

/** When Portward's list can have been without what the trouble has hurt. @param hurtAt when it did; ms */
export function knownAt({ truth, limits, lag }: RuleContext, trouble: Trouble, hurtAt: number, at: number): number {
  let known = hurtAt + notice(limits) + lag(hurtAt, at) + (trouble.kind === 'hang' ? HANG_NOTICE_MS : 0);
  const blind = truth.between(
    trouble.from,
    at,
    ({ kind }) => kind === 'worker' || kind === 'temporal' || kind === 'docker',
  );
  for (const { from, to } of blind.toSorted((a, b) => a.from - b.from)) {
    if (from <= known) known = Math.max(known, Math.min(to, at) + RECOVERY_MS);
  }
  return known;
}
