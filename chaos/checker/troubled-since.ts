import type { GroundTruth, Trouble } from '../ground-truth';
import { RECOVERY_MS } from './limits';

/**
 * When the trouble began that lasted into the given time, or ended shortly before it. Troubles that follow one another within
 * RECOVERY_MS count as one. Null: none passes the test.
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
