import type { ContainerId, Instant } from '../../../domain/engine';
import type { Replacement, Target } from '../../../domain/replacement';
import type { Remedy } from '../decide/remedies';

/** Something that the workflow does outside its state: to a replacement's workflow, or to the VPN. */
export type Effect =
  | { readonly kind: 'start'; readonly replacement: Replacement }
  | { readonly kind: 'retarget'; readonly replacement: Replacement; readonly target: Target }
  | { readonly kind: 'hold'; readonly replacement: Replacement; readonly until: Instant | null }
  | { readonly kind: 'abandon'; readonly replacement: Replacement }
  | { readonly kind: 'draining'; readonly replacement: Replacement; readonly engines: readonly ContainerId[] }
  | { readonly kind: 'leave'; readonly replacement: Replacement; readonly engines: readonly ContainerId[] }
  | { readonly kind: 'remedy'; readonly remedy: Remedy };

/** The replacement that a request began or joined. `effect`: null where it was under way already. */
export interface Begun {
  readonly replacement: Replacement;
  readonly effect: Effect | null;
}
