import type { Instant } from '../../../domain/engine';
import { beganAt, makerOf } from '../../../domain/names';
import type { ObservedEngine } from '../../../domain/vpn/observation';
import type { Decision } from '../decide/decision';
import { nextRemedy } from '../decide/remedies';
import { isUnstable, type VpnData } from '../data';

// Another Portward of the same instance name, with a database of its own, that works on the same VPN. The two know of each
// other only by what Docker shows: engines that appear, and whose label names another incarnation of the VPN's workflow. Of
// both the one whose incarnation began first acts, since proxies report their streams to it; the other one watches until that leaves
// something undone.

export interface Rival {
  readonly lineage: string;
  /** Name of its engine that appeared first. */
  readonly engine: string;
  readonly since: Instant;
  readonly seenAt: Instant;
  /**
   * `suspected`: a former incarnation of this workflow may have made that engine, and will say so; `at work`: nobody did;
   * `silent`: no engine of its has appeared for long, and it may be gone.
   */
  readonly phase: 'suspected' | 'at work' | 'silent';
  /** Since when something waits to be done that it does not do; null while there is nothing. */
  readonly idleSince: Instant | null;
}

/** What a former incarnation of this workflow had begun ends within this, or is heard of. */
const FORMER_INCARNATION_MS = 60_000;
const SUSPECTED_FOR_MS = 10_000;
const SILENT_AFTER_MS = 60 * 60_000;
/** More than the pause between two engines that fail, and than a circuit breaker's by default. */
export const IDLE_AT_MOST_MS = 6 * 60_000;

/** An engine that has appeared, and that neither this workflow nor a former incarnation of it can have made. */
export function signOfRival(before: VpnData, appeared: readonly ObservedEngine[]): ObservedEngine | undefined {
  // Until all engines are known one may have been there for long. The clock may have been set since that was made.
  if (before.snapshot?.complete !== true) return undefined;
  const notBefore = (beganAt(before.lineage) ?? 0) + FORMER_INCARNATION_MS;
  return appeared.find(({ labels, createdAt }) => {
    const maker = makerOf(labels);
    const isForeign = maker !== null && maker !== before.lineage && !before.formerLives.includes(maker);
    return isForeign && createdAt > notBefore;
  });
}

export function seenAtWork(rival: Rival | null, { name, labels }: ObservedEngine, now: Instant): Rival {
  const lineage = makerOf(labels) ?? '';
  if (rival?.lineage !== lineage) {
    return { lineage, engine: name, since: now, seenAt: now, phase: 'suspected', idleSince: null };
  }
  const phase = rival.phase === 'suspected' ? 'suspected' : 'at work';
  return { ...rival, seenAt: now, phase, idleSince: null };
}

/** What time alone makes of it; null: it has left its place. */
export function aged(rival: Rival, data: VpnData, now: Instant): Rival | null {
  const { phase, since, seenAt, idleSince } = rival;
  // The clock may have been set back.
  const isNew = now >= since && now < since + SUSPECTED_FOR_MS;
  if (phase === 'suspected') return isNew ? rival : { ...rival, phase: 'at work' };
  if (idleSince !== null && now >= idleSince + IDLE_AT_MOST_MS) return null;
  if (phase === 'silent' || now < seenAt + SILENT_AFTER_MS) return rival;
  return standsAside(data) ? { ...rival, phase: 'silent' } : null;
}

/** When `aged` makes something else of it. */
export function agesAt({ phase, since, seenAt, idleSince }: Rival): Instant | null {
  if (phase === 'suspected') return since + SUSPECTED_FOR_MS;
  if (idleSince !== null) return idleSince + IDLE_AT_MOST_MS;
  return phase === 'silent' ? null : seenAt + SILENT_AFTER_MS;
}

/** Whether the other one acts, and this one only watches. */
export function standsAside({ rival, lineage }: VpnData): boolean {
  return rival !== null && rival.phase !== 'suspected' && rival.lineage < lineage;
}

/**
 * Whether something is undone by any settings: how many engines are wanted may differ between the two. While the port or the
 * health keeps changing nobody hurries.
 */
export function isUndone({ data, snapshot, port, alive, failed, provisioningPossible, now }: Decision): boolean {
  if (!snapshot.complete || isUnstable(data, now)) return false;
  const remedy = nextRemedy(data);
  if (remedy !== null && remedy.at <= now) return true;
  const isServed = port === null || alive.some((e) => e.role === 'forwarded' && e.p2pPort === port);
  return provisioningPossible && (!isServed || failed.size > 0 || alive.length === 0);
}
