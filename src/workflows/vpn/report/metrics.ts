import type { Instant, Port } from '../../../domain/engine';
import { measure } from '../../../domain/measures';
import { isHealthy } from '../../../domain/vpn/observation';
import type { Replacement } from '../../../domain/replacement';
import { listing } from '../views/listing';
import { counter, histogram } from '../../shared/measures-sink';
import type { RemedyKind } from '../../../domain/vpn/remedy';
import type { VpnData } from '../data';
import type { VpnEvent } from '../events';

/** Measurements under way. They are carried over when the workflow continues as new. */
export interface Pending {
  /** The last port change, until the engine on the new port is ready. `at`: when that port was read. */
  readonly change: { readonly to: Port; readonly at: Instant } | null;
  /** Since when the VPN is healthy and has no listed forwarded engine; null while it has one, or is not healthy. */
  readonly unforwardedSince: Instant | null;
}

export const nothingPending: Pending = { change: null, unforwardedSince: null };

/** One thing to count or to measure; times in seconds. */
export type Measured =
  | { readonly kind: 'port change' }
  | { readonly kind: 'hidden'; readonly seconds: number }
  | { readonly kind: 'ready'; readonly seconds: number }
  | { readonly kind: 'unforwarded'; readonly seconds: number }
  | { readonly kind: 'replacement'; readonly cause: string; readonly outcome: 'completed' | 'lost' }
  | { readonly kind: 'failures'; readonly cause: string; readonly count: number }
  | { readonly kind: 'remedy'; readonly remedy: RemedyKind; readonly outcome: 'done' | 'failed' };

interface Found {
  readonly measured: readonly Measured[];
  readonly pending: Pending;
}

/** What is counted and measured for an event. */
export function measured(event: VpnEvent, pending: Pending, now: Instant): Found {
  const { change } = pending;
  switch (event.kind) {
    case 'port changed': {
      const { to, readAt } = event;
      return { measured: [{ kind: 'port change' }], pending: { ...pending, change: { to, at: readAt ?? now } } };
    }
    case 'replacement begun': {
      const { cause, old } = event.replacement;
      if (change === null || cause !== 'port changed' || old.length === 0 || !isFor(change, event.replacement)) break;
      return { measured: [{ kind: 'hidden', seconds: secondsSince(change.at, now) }], pending };
    }
    case 'engine ready': {
      if (change === null || !isFor(change, event.replacement)) break;
      const ready: Measured = { kind: 'ready', seconds: secondsSince(change.at, now) };
      return { measured: [ready], pending: { ...pending, change: null } };
    }
    case 'attempts failed':
      return { measured: [{ kind: 'failures', cause: event.cause, count: event.count }], pending };
    case 'replacement completed':
    case 'replacement lost': {
      const outcome = event.kind === 'replacement lost' ? 'lost' : 'completed';
      return { measured: [{ kind: 'replacement', cause: event.replacement.cause, outcome }], pending };
    }
    case 'remedy ended': {
      const { remedy, failure } = event;
      // It was not carried out.
      if (failure?.kind === 'VPN stopped') break;
      return { measured: [{ kind: 'remedy', remedy: remedy.kind, outcome: failure ? 'failed' : 'done' }], pending };
    }
    default:
  }
  return { measured: [], pending };
}

function isFor({ to }: NonNullable<Pending['change']>, { target }: Replacement): boolean {
  return target?.role === 'forwarded' && target.p2pPort === to;
}

/** Not negative: the clocks of the Temporal server and of the worker that read the port may differ a little. */
function secondsSince(at: Instant, now: Instant): number {
  return Math.max(0, now - at) / 1000;
}

/** Measures the time without a forwarded engine. It depends on the state and on the time. */
export function forwarding(data: VpnData, pending: Pending, now: Instant): Found {
  const { unforwardedSince } = pending;
  const isForwarding = listing(data, now)?.some((e) => e.forwarded) ?? false;
  if (data.snapshot !== null && isHealthy(data.snapshot.vpn) && !isForwarding)
    return { measured: [], pending: { ...pending, unforwardedSince: unforwardedSince ?? now } };
  if (unforwardedSince === null) return { measured: [], pending };
  const over: Measured = { kind: 'unforwarded', seconds: secondsSince(unforwardedSince, now) };
  return { measured: [over], pending: { ...pending, unforwardedSince: null } };
}

/** The text as the value of a Prometheus label. */
function word(text: string): string {
  return text.replaceAll(' ', '_');
}

/**
 * Counts and measures the events of one VPN. Its sink is silent while a history is replayed, so nothing is counted twice when another
 * worker takes over, or when the workflow was dropped from a worker's cache.
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
    private state: Pending,
  ) {
    // With 0 from the start, the first event shows as an increase.
    this.replacements.add(0, { vpn, cause: 'port_changed', outcome: 'completed' });
    this.failures.add(0, { vpn, cause: 'port_changed' });
    this.portChanges.add(0, { vpn });
    for (const kind of ['restart_container', 'restart_VPN'])
      for (const outcome of ['done', 'failed']) this.remedies.add(0, { vpn, kind, outcome });
  }

  get pending(): Pending {
    return this.state;
  }

  happened(event: VpnEvent, now: Instant): void {
    this.take(measured(event, this.state, now));
  }

  /** Called when the state has changed, or time may have changed the list. */
  follow(data: VpnData, now: Instant): void {
    this.take(forwarding(data, this.state, now));
  }

  private take({ measured: all, pending }: Found): void {
    this.state = pending;
    for (const one of all) this.emit(one);
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
