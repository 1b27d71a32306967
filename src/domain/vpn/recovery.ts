import type { Instant } from '../engine';

/** From what it is estimated when a VPN that is down will have an engine again. */
export interface Recovery {
  /** Since when it is down; null while it is not. */
  readonly since: Instant | null;
  /** How long it usually takes until the VPN is healthy and an engine on it answers. */
  readonly usualMs: number;
}

const SHORTEST_S = 1;
const LONGEST_S = 120;

/** In whole seconds, 1 to 120. An outage that lasts longer than usual is expected to last half as long again as it has so far. */
export function recoveryEtaSeconds({ since, usualMs }: Recovery, now: Instant): number {
  const elapsed = since === null ? 0 : Math.max(0, now - since);
  const leftMs = Math.max(usualMs - elapsed, elapsed / 2);
  return Math.min(LONGEST_S, Math.max(SHORTEST_S, Math.ceil(leftMs / 1000)));
}
