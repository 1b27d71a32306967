import type { ObserveProgress } from '../../activities/observe/observe';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { EndOfTurn } from '../../lib/end-of-turn';
import { pauseUntil } from '../../lib/pause';
import { EnginesComposer, type EnginesComposerOptions, type EnginesList, type VpnListsRead } from './engines-list';
import type { DatedLists, LastLists } from './last-lists';
import type { EngineJson } from '../schemas/engines';
import type { VpnLists, VpnSource } from '../../gateways/vpn-source';
import { staleSecondsOf, type Read } from './read';
import { VpnFollower } from './vpn-follower';
import { WorkerLiveness } from './worker-liveness';

export interface ReadsOptions extends EnginesComposerOptions {
  /** How long a list may be behind its workflow and still count as fresh, in ms. */
  readonly lagMs: number;
  /**
   * How long a VPN may give no list, since its last one or since the start of this process, before lists are answered without it. In ms.
   * Longer than a workflow task that was lost with its worker takes (`workflows/shared/task-timeout.ts`).
   */
  readonly staleLimitMs: number;
  /** Keeps lists for the next start; null: they are not kept. */
  readonly lastLists: Pick<LastLists, 'keep'> | null;
}

export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: string;
}

export interface VpnStatusRead {
  readonly vpn: string;
  readonly status: Read<VpnStatusView>;
}

/** Lists of a VPN that are recent enough to be shown. */
export interface UsableLists {
  readonly vpn: string;
  readonly lists: VpnLists;
}

export interface UsableStatuses {
  readonly usable: readonly VpnStatusRead[];
  /** VPNs without a status, or whose last status is too old. */
  readonly silent: readonly string[];
  readonly staleSeconds: number | null;
}

/** The lists of every VPN. */
interface Lists {
  readonly kind: 'lists';
  readonly reads: readonly VpnListsRead[];
  /** Counts lists that are too old to be shown, too. */
  readonly staleSeconds: number | null;
}

const FIRST_LIST_WITHIN_MS = 2_500;
/** The shortest time after a start before a VPN is left out, even if ENGINES_STALE_LIMIT_S is shorter. */
const LEFT_OUT_AFTER_MS_AT_LEAST = 10_000;
/**
 * Readers wait for a list that is behind its workflow, so that a change that one API process has confirmed is also shown by the others.
 * When a busy worker takes longer than this, readers get the previous list.
 */
export const CATCH_UP_WITHIN_MS = 250;
/** Pause between two looks while there is no list. */
const CHECK_EVERY_MS = 50;
/** Shorter than the 3 s after which proxies give up. */
const STATUS_WITHIN_MS = 2_000;
/** How long the answer to `GET /engines` is reused. Time alone changes it: lists become stale, and engines get new check times. */
const COMPOSED_FOR_MS = 25;

/** Everything that the API reads from the VPNs' workflows, kept in memory. */
export class Reads {
  readonly followers: readonly VpnFollower[];
  private readonly worker = new WorkerLiveness();
  private readonly startedAt = performance.now();
  private readonly stopping = new AbortController();
  private running: Promise<unknown> | null = null;
  private readonly composer: EnginesComposer;
  private composed: EnginesList | null = null;
  private composedAt = -Infinity;
  private composedVersion = -1;
  private readonly turn = new EndOfTurn();

  /** @param before the last lists of the process before this one */
  constructor(
    sources: readonly VpnSource[],
    private readonly options: ReadsOptions,
    before: ReadonlyMap<string, DatedLists> = new Map(),
  ) {
    const { lagMs, lastLists } = options;
    const { worker } = this;
    this.composer = new EnginesComposer(options);
    this.followers = sources.map(
      (source) =>
        new VpnFollower(source, {
          lagMs,
          worker,
          before: before.get(source.vpn),
          keep: (lists) => lastLists?.keep(source.vpn, { lists, at: Date.now() }),
        }),
    );
  }

  start(): void {
    if (this.running) return;
    this.running = Promise.all(this.followers.map((f) => f.run()));
    // `stop` does not wait for it: its last query may never be answered.
    void this.worker.watch(this.followers, this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const follower of this.followers) follower.stop();
    await this.running;
  }

  get names(): string[] {
    return this.followers.map((f) => f.vpn);
  }

  get sources(): VpnSource[] {
    return this.followers.map((f) => f.source);
  }

  source(vpn: string): VpnSource | undefined {
    return this.follower(vpn)?.source;
  }

  follower(vpn: string): VpnFollower | undefined {
    return this.followers.find((f) => f.vpn === vpn);
  }

  /** Grows whenever a list may have changed for another reason than the passing of time. */
  get version(): number {
    let sum = 0;
    for (const { version } of this.followers) sum += version;
    return sum;
  }

  /** Runs a change of these VPNs, and waits up to 1 s until the lists show its effect. */
  async changeAndCatchUp<T>(followers: readonly VpnFollower[], change: () => Promise<T>): Promise<T> {
    const result = await change();
    await Promise.all(followers.map((f) => f.lists.upToDate(STATUS_WITHIN_MS / 2)));
    return result;
  }

  async status(vpn: string): Promise<Read<VpnStatusView>> {
    const follower = this.follower(vpn);
    return follower ? follower.status.read(STATUS_WITHIN_MS) : { kind: 'none', reason: `no VPN '${vpn}'` };
  }

  /** The status of every VPN, in the order of the configuration. */
  async statuses(): Promise<VpnStatusRead[]> {
    return Promise.all(
      this.followers.map(async (f) => ({ vpn: f.vpn, status: await f.status.read(STATUS_WITHIN_MS) })),
    );
  }

  /** The statuses that are recent enough to be shown. */
  async usableStatuses(): Promise<UsableStatuses> {
    const statuses = await this.statuses();
    const usable = statuses.filter(({ status }) => this.recent(status).kind !== 'none');
    const silent = statuses.filter((s) => !usable.includes(s)).map((s) => s.vpn);
    return { usable, silent, staleSeconds: staleSecondsOf(statuses.map((s) => s.status)) };
  }

  /** Null when it is not known. It throws no error, because only times in answers depend on it. */
  async progress(vpn: string): Promise<ObserveProgress | null> {
    return (await this.follower(vpn)?.progress.read(STATUS_WITHIN_MS)) ?? null;
  }

  async engines(): Promise<EnginesList | Unavailable> {
    await this.receivedHandled();
    const { composed } = this;
    const isRecent = performance.now() - this.composedAt < COMPOSED_FOR_MS;
    if (composed && isRecent && this.composedVersion === this.version) return composed;
    const answer = await this.usable();
    return answer.kind === 'unavailable' ? answer : this.compose(answer);
  }

  /** The engines of the VPNs that have a list, even while other VPNs have none. */
  async enginesListed(): Promise<readonly EngineJson[]> {
    await this.caughtUp();
    return this.lists().reads.flatMap((read) => this.composer.present(read, null));
  }

  /** The lists that are recent enough to be shown, once they are up to date. */
  async usableLists(): Promise<
    { kind: 'lists'; vpns: readonly UsableLists[]; staleSeconds: number | null } | Unavailable
  > {
    const answer = await this.usable();
    if (answer.kind === 'unavailable') return answer;
    const vpns = answer.reads.flatMap(({ vpn, read }) => (read.kind === 'none' ? [] : [{ vpn, lists: read.value }]));
    return { kind: 'lists', vpns, staleSeconds: answer.staleSeconds };
  }

  private async usable(): Promise<Lists | Unavailable> {
    await this.caughtUp();
    for (;;) {
      const lists = this.lists();
      const { reads } = lists;
      const listed = reads.filter(({ read }) => read.kind !== 'none').length;
      const { age } = this;
      const mayLackSome = age >= Math.max(LEFT_OUT_AFTER_MS_AT_LEAST, this.options.staleLimitMs);
      if (listed > 0 && (listed === reads.length || mayLackSome)) return lists;
      if (age >= FIRST_LIST_WITHIN_MS) return { kind: 'unavailable', reason: reads.map(why).join('; ') };
      await pauseUntil(CHECK_EVERY_MS, this.stopping.signal);
      if (this.stopping.signal.aborted) return { kind: 'unavailable', reason: 'Portward is stopping' };
    }
  }

  /** The present lists, without waiting. */
  private lists(): Lists {
    const reads = this.followers.map((f) => ({ vpn: f.vpn, read: f.lists.read }));
    return {
      kind: 'lists',
      reads: reads.map(({ vpn, read }) => ({ vpn, read: this.recent(read) })),
      staleSeconds: staleSecondsOf(reads.map((r) => r.read)),
    };
  }

  private async caughtUp(): Promise<void> {
    await this.receivedHandled();
    const behind = this.followers.filter((f) => f.lists.isBehind);
    if (behind.length > 0) await Promise.all(behind.map((f) => f.lists.caughtUp(CATCH_UP_WITHIN_MS)));
  }

  /**
   * Resolves when everything that Temporal had sent before this call has been handled. Example: another API process answers the report of a
   * stream, and its client then asks this process. On a busy machine, Temporal's message about the stream and the client's request are read
   * from their sockets in the same turn of the event loop, in any order.
   */
  private receivedHandled(): Promise<void> {
    return this.turn.wait();
  }

  /** A read that is too old to be shown becomes `none`. */
  private recent<T>(read: Read<T>): Read<T> {
    const isTooOld = read.kind === 'stale' && Math.min(read.seconds * 1000, this.age) > this.options.staleLimitMs;
    return isTooOld ? { kind: 'none', reason: silence(read.seconds) } : read;
  }

  /** Time since this process began to read, in ms. */
  private get age(): number {
    return performance.now() - this.startedAt;
  }

  private compose({ reads, staleSeconds }: Lists): EnginesList {
    this.composedVersion = this.version;
    this.composedAt = performance.now();
    const progress = this.followers.map((f) => f.progress.known);
    return (this.composed = this.composer.compose(reads, progress, staleSeconds));
  }
}

function why({ vpn, read }: VpnListsRead): string {
  if (read.kind === 'none') return `${vpn}: ${read.reason}`;
  return read.kind === 'stale' ? `${vpn}: ${silence(read.seconds)}` : `${vpn}: no problem`;
}

function silence(seconds: number): string {
  return `its workflow has not answered for ${seconds} s`;
}
