import type { Instant, Port } from '../../../domain/engine';
import { measure } from '../../../domain/measures';
import { isHealthy } from '../../../domain/vpn/observation';
import type { Replacement } from '../../../domain/replacement';
import { isNewSession } from '../observe/seen';
import { listing } from '../views/listing';
import { counter, histogram } from '../../shared/measures-sink';
import type { RemedyKind } from '../../../domain/vpn/remedy';
import type { VpnData } from '../data';

/** What lasts longer than one look at the state, and is carried over when the workflow continues as new. */
export interface Pending {
  /** The last change of the port, until its engine is ready. `at`: when the new port was read. */
  readonly change: { readonly to: Port; readonly at: Instant } | null;
  /** Since when the VPN is healthy without a forwarded engine that is listed; null while it is not. */
  readonly unforwardedSince: Instant | null;
}

export const nothingPending: Pending = { change: null, unforwardedSince: null };

/** One thing to be counted or measured; times in seconds. */
export type Measured =
  | { readonly kind: 'port change' }
  | { readonly kind: 'hidden'; readonly seconds: number }
  | { readonly kind: 'ready'; readonly seconds: number }
  | { readonly kind: 'unforwarded'; readonly seconds: number }
  | { readonly kind: 'replacement'; readonly cause: string; readonly outcome: 'completed' | 'lost' }
  | { readonly kind: 'failures'; readonly cause: string; readonly count: number }
  | { readonly kind: 'remedy'; readonly remedy: RemedyKind; readonly outcome: 'done' | 'failed' };

/** What has happened from one state to a later one. Pure: what was between two looks shows in their difference. */
export function measured(
  before: VpnData,
  after: VpnData,
  pending: Pending,
  now: Instant,
): { readonly measured: readonly Measured[]; readonly pending: Pending } {
  const all: Measured[] = [];
  // Clocks of the server and of the worker that read the port may differ a little.
  const since = (at: Instant) => Math.max(0, now - at) / 1000;
  let { change, unforwardedSince } = pending;

  const to = after.port.last;
  if (isPortChange(before, after) && to !== null) {
    const reading = after.sight?.port;
    change = { to, at: (reading?.kind === 'known' ? reading.at : undefined) ?? now };
    all.push({ kind: 'port change' });
  }
  for (const replacement of after.replacements) {
    const former = before.replacements.find((r) => r.number === replacement.number);
    all.push(...progress(former ?? null, replacement));
    const { cause, target, old, readyAt } = replacement;
    if (change === null || target?.role !== 'forwarded' || target.p2pPort !== change.to) continue;
    const begun = former === undefined && replacement.number >= before.nextNumber;
    if (begun && cause === 'port changed' && old.length > 0) all.push({ kind: 'hidden', seconds: since(change.at) });
    if (readyAt !== null && former?.readyAt !== readyAt) {
      all.push({ kind: 'ready', seconds: since(change.at) });
      change = null;
    }
  }
  all.push(...forgotten(before, after), ...remedyEnded(before, after));

  const uncovered =
    after.sight !== null && isHealthy(after.sight.vpn) && !listing(after, now)?.some((e) => e.forwarded);
  if (uncovered) unforwardedSince ??= now;
  else if (unforwardedSince !== null) {
    all.push({ kind: 'unforwarded', seconds: since(unforwardedSince) });
    unforwardedSince = null;
  }
  return { measured: all, pending: { change, unforwardedSince } };
}

function isPortChange(before: VpnData, after: VpnData): boolean {
  const from = before.port.last;
  if (after.sight === null || isNewSession(before, after.sight)) return false;
  return from !== null && after.port.last !== null && from !== after.port.last;
}

function progress(former: Replacement | null, { cause, state, failedAttempts }: Replacement): Measured[] {
  const all: Measured[] = [];
  const count = failedAttempts - (former?.failedAttempts ?? 0);
  if (count > 0) all.push({ kind: 'failures', cause, count });
  // Ended ones that are new here were carried over, and counted by the run before.
  if (former?.state === 'running' && state !== 'running') all.push({ kind: 'replacement', cause, outcome: state });
  return all;
}

/** Only so many of the ended ones are kept: one that ended after many younger ones is dropped at once. */
function forgotten(before: VpnData, after: VpnData): Measured[] {
  const kept = new Set(after.replacements.map((r) => r.number));
  return before.replacements
    .filter((r) => r.state === 'running' && !kept.has(r.number))
    .map(({ cause }) => ({ kind: 'replacement', cause, outcome: 'completed' }));
}

function remedyEnded({ remedies: before }: VpnData, { remedies: { last } }: VpnData): Measured[] {
  if (last === null || last.endedAt === before.last?.endedAt) return [];
  return [{ kind: 'remedy', remedy: last.remedy.kind, outcome: last.error === null ? 'done' : 'failed' }];
}

/** As a label's value. */
function word(text: string): string {
  return text.replaceAll(' ', '_');
}

/**
 * Counts what happens to one VPN, by a sink that stays silent while a history is replayed, so that nothing is counted twice
 * when another worker takes over or the workflow has left a cache.
 */
export class VpnMetrics {
  private readonly replacements = counter({ name: measure.replacements, description: 'Replacements that ended' });
  private readonly failures = counter({
    name: measure.replacementFailures,
    description: 'Steps of replacements that failed and are tried again',
  });
  private readonly portChanges = counter({
    name: measure.portChanges,
    description: 'Changes of the forwarded port within one run of the VPN container',
  });
  private readonly remedies = counter({
    name: measure.remedies,
    description: 'Restarts of VPNs that did not get well by themselves',
  });
  private readonly hidden = histogram({
    name: measure.changeToHidden,
    description: 'Seconds from reading a changed port until the engine on the old one is hidden',
  });
  private readonly ready = histogram({
    name: measure.changeToReady,
    description: 'Seconds from reading a changed port until the engine on the new one is listed',
  });
  private readonly unforwarded = histogram({
    name: measure.unforwarded,
    description: 'Seconds for which a healthy VPN had no forwarded engine, when that is over',
  });

  constructor(
    private readonly vpn: string,
    private before: VpnData,
    private state: Pending,
  ) {
    // A series that begins with its first event has no increase to show.
    this.replacements.add(0, { vpn, cause: 'port_changed', outcome: 'completed' });
    this.failures.add(0, { vpn, cause: 'port_changed' });
    this.portChanges.add(0, { vpn });
    for (const kind of ['restart_container', 'restart_VPN'])
      for (const outcome of ['done', 'failed']) this.remedies.add(0, { vpn, kind, outcome });
  }

  get pending(): Pending {
    return this.state;
  }

  /** Whenever the state has changed, or time may have changed what is listed. */
  follow(data: VpnData, now: Instant): void {
    const found = measured(this.before, data, this.state, now);
    this.before = data;
    this.state = found.pending;
    for (const one of found.measured) this.emit(one);
  }

  private emit(one: Measured): void {
    const { vpn } = this;
    switch (one.kind) {
      case 'port change':
        return this.portChanges.add(1, { vpn });
      case 'hidden':
        return this.hidden.record(one.seconds, { vpn });
      case 'ready':
        return this.ready.record(one.seconds, { vpn });
      case 'unforwarded':
        return this.unforwarded.record(one.seconds, { vpn });
      case 'replacement':
        return this.replacements.add(1, { vpn, cause: word(one.cause), outcome: one.outcome });
      case 'failures':
        return this.failures.add(one.count, { vpn, cause: word(one.cause) });
      case 'remedy':
        return this.remedies.add(1, { vpn, kind: word(one.remedy), outcome: one.outcome });
    }
  }
}
