import type { Trouble } from '../ground-truth';
import { HANG_NOTICE_MS, notice, RECOVERY_MS } from './limits';
import type { RuleContext } from './rule';

/**
 * By when Portward's list has to be without the engines that the trouble has hurt; ms since the epoch.
 * @param hurtAt when the trouble hurt them; ms since the epoch
 */
export function knownAt({ truth, limits, lag }: RuleContext, trouble: Trouble, hurtAt: number, at: number): number {
  let known = hurtAt + notice(limits) + lag(hurtAt, at) + (trouble.kind === 'hang' ? HANG_NOTICE_MS : 0);
  const unobserved = truth.between(
    trouble.from,
    at,
    ({ kind }) => kind === 'worker' || kind === 'temporal' || kind === 'docker',
  );
  for (const { from, to } of unobserved.toSorted((a, b) => a.from - b.from)) {
    if (from <= known) known = Math.max(known, Math.min(to, at) + RECOVERY_MS);
  }
  return known;
}
