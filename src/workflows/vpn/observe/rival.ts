import type { Instant } from '../../../domain/engine';
import { beganAt, makerOf } from '../../../domain/names';
import type { ObservedEngine } from '../../../domain/vpn/observation';
import type { Decision } from '../decide/decision';
import { nextRemedy } from '../decide/remedies';
import { isUnstable, type VpnData } from '../data';

// A rival: another Portward with the same instance name and a database of its own that works on the same VPN. Each sees the other only
// in Docker, by engines whose label names another incarnation of the VPN's workflow. The one whose incarnation began first acts, since
// proxies report their streams to it. The other one only watches, until the first leaves something undone.

export interface Rival {
  /** Its incarnation. */
  readonly incarnation: string;
  /** Name of the first engine of it that was seen. */
  readonly engine: string;
  readonly since: Instant;
  readonly seenAt: Instant;
  /**
   * `suspected`: the engine may be of a former incarnation of this workflow, whose replacement will report it; `at work`: it is not;
   * `silent`: no further engine has appeared for long, and the rival may be gone.
   */
  readonly phase: 'suspected' | 'at work' | 'silent';
  /** Since when the rival leaves something undone; null while it does not. */
  readonly idleSince: Instant | null;
}

/** Within this time replacements of a former incarnation of this workflow have ended, or have reported something. */
const FORMER_INCARNATION_MS = 60_000;
const SUSPECTED_FOR_MS = 10_000;
const SILENT_AFTER_MS = 60 * 60_000;
/** Longer than the longest backoff after failures, and than the default pause of a circuit breaker. */
export const IDLE_AT_MOST_MS = 6 * 60_000;

/** An engine that has appeared and that neither this workflow nor a former incarnation of it can have made. */
export function signOfRival(before: VpnData, appeared: readonly ObservedEngine[]): ObservedEngine | undefined {
  // Until all engines are known, an engine that appears may be an old one.
  if (before.snapshot?.complete !== true) return undefined;
  const notBefore = (beganAt(before.incarnation) ?? 0) + FORMER_INCARNATION_MS;
  return appeared.find(({ labels, createdAt }) => {
    const maker = makerOf(labels);
    const isForeign = maker !== null && maker !== before.incarnation && !before.formerIncarnations.includes(maker);
    return isForeign && createdAt > notBefore;
  });
}

export function seenAtWork(rival: Rival | null, { name, labels }: ObservedEngine, now: Instant): Rival {
  const incarnation = makerOf(labels) ?? '';
  if (rival?.incarnation !== incarnation) {
    return { incarnation, engine: name, since: now, seenAt: now, phase: 'suspected', idleSince: null };
  }
  const phase = rival.phase === 'suspected' ? 'suspected' : 'at work';
  return { ...rival, seenAt: now, phase, idleSince: null };
}

/** The rival after time has passed; null: it does not count as one any more. */
export function aged(rival: Rival, data: VpnData, now: Instant): Rival | null {
  const { phase, since, seenAt, idleSince } = rival;
  // The clock may have been set back.
  const isNew = now >= since && now < since + SUSPECTED_FOR_MS;
  if (phase === 'suspected') return isNew ? rival : { ...rival, phase: 'at work' };
  if (idleSince !== null && now >= idleSince + IDLE_AT_MOST_MS) return null;
  if (phase === 'silent' || now < seenAt + SILENT_AFTER_MS) return rival;
  return standsAside(data) ? { ...rival, phase: 'silent' } : null;
}

/** When `aged` changes something; null: it does not. */
export function agesAt({ phase, since, seenAt, idleSince }: Rival): Instant | null {
  if (phase === 'suspected') return since + SUSPECTED_FOR_MS;
  if (idleSince !== null) return idleSince + IDLE_AT_MOST_MS;
  return phase === 'silent' ? null : seenAt + SILENT_AFTER_MS;
}

/** Whether the rival acts, and this Portward only watches. */
export function standsAside({ rival, incarnation }: VpnData): boolean {
  return rival !== null && rival.phase !== 'suspected' && rival.incarnation < incarnation;
}

/**
 * Whether something is undone, whatever the rival's settings are: the two may differ in how many engines they want. While the port or
 * the health keeps changing nothing counts as undone, since both back off.
 */
export function isUndone({ data, snapshot, port, alive, failed, provisioningPossible, now }: Decision): boolean {
  if (!snapshot.complete || isUnstable(data, now)) return false;
  const remedy = nextRemedy(data);
  if (remedy !== null && remedy.at <= now) return true;
  const isServed = port === null || alive.some((e) => e.role === 'forwarded' && e.p2pPort === port);
  return provisioningPossible && (!isServed || failed.size > 0 || alive.length === 0);
}
