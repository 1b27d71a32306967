import type { GroundTruth, Trouble } from '../ground-truth';
import { RECOVERY_MS } from './limits';

/**
 * When the troubles that pass the test and lasted into the time between, or until shortly before, began; one that came shortly
 * after another is its continuation. Null without any.
 */
export function troubledSince(
  truth: GroundTruth,
  { from, to }: { readonly from: number; readonly to: number },
  test: (trouble: Trouble) => boolean,
): number | null {
  let since: number | null = null;
  for (;;) {
    const reach = Math.min(from, since ?? from) - RECOVERY_MS;
    const earliest = Math.min(...truth.between(reach, to, test).map((t) => t.from));
    if (earliest === Infinity || earliest === since) return since;
    since = earliest;
  }
}
