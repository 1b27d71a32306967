import { setMaxListeners } from 'node:events';
import type { Growth } from '../../gateways/growth';
import type { VpnLists, VpnSource } from '../../gateways/vpn-source';
import { Changes } from '../../lib/changes';
import { temporalFailure } from '../../temporal/failure-words';
import type { Followed } from './followed';
import { FollowedHistory } from './followed-history';
import { FollowedLists } from './followed-lists';
import { FollowedStatus } from './followed-status';
import { Freshness, type FreshnessOptions } from './freshness';
import type { DatedLists } from './last-lists';
import { VpnProgress } from './vpn-progress';

export interface FollowerOptions extends FreshnessOptions {
  /** The last lists of the process before this one. */
  readonly before?: DatedLists | undefined;
  /** Called with each answer that is current. */
  readonly keep?: ((lists: VpnLists) => void) | undefined;
}

/**
 * Keeps the lists and the status of one VPN in memory. The history of a workflow determines its state. So the workflow is queried only after
 * its history has grown, and other reads cost neither Temporal nor the worker anything.
 */
export class VpnFollower {
  readonly vpn: string;
  readonly history: FollowedHistory;
  readonly lists: FollowedLists;
  readonly status: FollowedStatus;
  readonly progress: VpnProgress;
  private readonly freshness: Freshness;
  private readonly changes = new Changes();
  private readonly stopping = new AbortController();

  constructor(
    readonly source: VpnSource,
    options: FollowerOptions,
  ) {
    this.vpn = source.vpn;
    const { signal } = this.stopping;
    setMaxListeners(0, signal);
    const { before, keep } = options;
    this.freshness = new Freshness(options);
    if (before) this.freshness.unsureSince = performance.now() - (Date.now() - before.at);
    this.history = new FollowedHistory(this.changes, signal);
    const { history, freshness, changes } = this;
    const followed: Followed = { source, history, freshness, changes, stopping: signal };
    this.lists = new FollowedLists(followed, { before: before?.lists ?? null, keep });
    this.status = new FollowedStatus(followed);
    this.progress = new VpnProgress(source);
  }

  /** Grows whenever what can be read may have changed for another reason than the passing of time. */
  get version(): number {
    return this.changes.count;
  }

  /** Follows until `stop`. */
  async run(): Promise<void> {
    const listener = {
      grown: (growth: Growth) => this.grown(growth),
      broken: (reason: unknown) => this.broken(reason),
    };
    await this.source.follow(listener, this.stopping.signal);
  }

  stop(): void {
    this.stopping.abort();
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private grown(growth: Growth): void {
    this.history.grown(growth);
    this.lists.grown(growth);
    this.status.grown();
    this.changes.changed();
    if (growth.settled) void this.lists.renew();
  }

  private broken(reason: unknown): void {
    const { freshness } = this;
    if ((reason === null) === (freshness.brokenSince === null)) return;
    // What has happened meanwhile is shown after the next query only.
    if (reason === null) freshness.behindSince ??= freshness.brokenSince;
    freshness.brokenSince = reason === null ? null : performance.now();
    freshness.failure = reason === null ? null : temporalFailure(reason);
    this.changes.changed();
  }
}
