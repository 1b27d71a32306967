import type { Instant } from '../../domain/engine';
import type { Happening } from '../../domain/news';
import type { Replacement } from '../../domain/replacement';
import { engineNews, withNews } from './report/news';
import { timelineAfter, withEnded } from './report/timeline';
import { heldUntil } from './requests/provisioning-allowance';
import { withBegun, withChanged, type ReplacementOrder } from './replacements';
import { fingerprint } from './views/lists';
import type { VpnData } from './data';

/**
 * The state of one VPN, and the changes of which all others are made. What changes it and why is in `observe`, `requests`
 * and `decide`. Deterministic and free of Temporal.
 */
export class VpnState {
  private listed: string;

  constructor(private current: VpnData) {
    this.listed = fingerprint(current, current.sight?.at ?? 0);
  }

  get data(): VpnData {
    return this.current;
  }

  update(change: Partial<VpnData>): void {
    this.current = { ...this.current, ...change };
  }

  /** Something has begun or ended, and the state says all of it: a running observation goes on. */
  advance(): void {
    this.update({ revision: this.current.revision + 1 });
  }

  /** Something has happened, and only a look that begins from now on shows what came of it. */
  raise(): void {
    this.advance();
    this.update({ lookFrom: this.current.revision });
  }

  tell(happening: Happening, at: Instant): void {
    this.update({ news: withNews(this.current.news, this.current.notified, happening, at) });
  }

  /** @throws PortRangeUsedUp */
  begin(order: ReplacementOrder, now: Instant): Replacement {
    const { data, replacement } = withBegun(this.current, order, now);
    this.current = data;
    for (const engine of order.old) this.tell(engineNews('engine_evicted', engine, order.cause), now);
    this.advance();
    return replacement.target ? this.change(replacement, { heldUntil: heldUntil(data, replacement) }) : replacement;
  }

  change(replacement: Replacement, change: Partial<Replacement>): Replacement {
    const changed = { ...replacement, ...change };
    this.update({ replacements: withChanged(this.current, changed) });
    if (changed.state !== 'running' && replacement.state === 'running')
      this.update({ timeline: withEnded(this.current.timeline, changed) });
    return changed;
  }

  /** Brings the list's version and the timeline up to date. Called when the state has changed or time may have changed the list. */
  publish(now: Instant): void {
    this.update({ timeline: timelineAfter(this.current, now) });
    const listed = fingerprint(this.current, now);
    if (listed === this.listed) return;
    this.listed = listed;
    this.update({ listVersion: this.current.listVersion + 1 });
  }
}
