import type { Instant } from '../../domain/engine';
import type { Replacement } from '../../domain/replacement';
import { withEvent } from './report/event-log';
import { timelineAfter, withEnded } from './report/timeline';
import { heldUntil } from './requests/provisioning-allowance';
import { withBegun, withChanged, type ReplacementOrder } from './replacements';
import { fingerprint } from './views/lists';
import type { VpnData } from './data';
import { publicEventOf, type VpnEvent } from './events';

/** Is called at each change, and at each event with the state after it. */
export interface StateListener {
  changed(): void;
  happened(event: VpnEvent, data: VpnData, now: Instant): void;
}

/**
 * The state of one VPN, and the elementary changes of it. `observe`, `requests` and `decide` combine them. It is deterministic, and
 * imports nothing of Temporal.
 */
export class VpnState {
  private listed: string;
  private listener: StateListener = { changed() {}, happened() {} };

  constructor(private current: VpnData) {
    this.listed = fingerprint(current, current.snapshot?.at ?? 0);
  }

  get data(): VpnData {
    return this.current;
  }

  listen(listener: StateListener): void {
    this.listener = listener;
  }

  update(change: Partial<VpnData>): void {
    this.current = { ...this.current, ...change };
    this.listener.changed();
  }

  /** Something has begun or ended, and the state has all of it: the running observation goes on. */
  advance(): void {
    this.update({ revision: this.current.revision + 1 });
  }

  /** Something has happened of which only a snapshot that begins now shows the result. */
  raise(): void {
    this.advance();
    this.update({ snapshotsFrom: this.current.revision });
  }

  emit(event: VpnEvent, now: Instant): void {
    const { events, notified } = this.current;
    const published = publicEventOf(event);
    if (published) this.update({ events: withEvent(events, notified, published, now) });
    this.listener.happened(event, this.current, now);
  }

  /** Begins a replacement. @throws PortRangeUsedUp */
  begin(order: ReplacementOrder, now: Instant): Replacement {
    const { data, replacement } = withBegun(this.current, order, now);
    const { cause, old, target } = replacement;
    this.update(data);
    for (const engine of old) this.emit({ kind: 'engine evicted', engine, cause }, now);
    this.advance();
    const begun = target ? this.change(replacement, { heldUntil: heldUntil(data, replacement) }) : replacement;
    this.emit({ kind: 'replacement begun', replacement: begun }, now);
    return begun;
  }

  change(replacement: Replacement, change: Partial<Replacement>): Replacement {
    const changed = { ...replacement, ...change };
    this.update({ replacements: withChanged(this.current, changed) });
    if (changed.state !== 'running' && replacement.state === 'running')
      this.update({ timeline: withEnded(this.current.timeline, changed) });
    return changed;
  }

  /** Updates the version of the list and the timeline. Called when the state has changed, or time may have changed the list. */
  publish(now: Instant): void {
    this.update({ timeline: timelineAfter(this.current, now) });
    const listed = fingerprint(this.current, now);
    if (listed === this.listed) return;
    this.listed = listed;
    this.update({ listVersion: this.current.listVersion + 1 });
  }
}
