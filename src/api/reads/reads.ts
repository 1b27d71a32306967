import type { ObserveProgress } from '../../activities/observe/observe';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { pauseUntil } from '../../lib/pause';
import type { KnownLists, LastLists } from './last-lists';
import { engineJson } from '../present/vpn';
import type { EngineJson } from '../schemas/engines';
import type { VpnLists, VpnSource } from '../../gateways/vpn-source';
import { staleSecondsOf, type Read } from './read';
import { ReadyBody } from './ready-body';
import { VpnFollower } from './vpn-follower';
import { VpnProgress } from './vpn-progress';
import { WorkerLiveness } from './worker-liveness';

export interface ReadsOptions {
  /** For how long a list may be behind its workflow and still counts as fresh, in ms. */
  readonly lagMs: number;
  /**
   * For how long a VPN may be silent, since its last list or since this process began, before it is left out. Until then half a list would
   * be shown as a whole one. In ms; a workflow task that was lost with a worker takes less (`workflows/task-timeout.ts`).
   */
  readonly staleLimitMs: number;
  readonly advertisedHost: string | null;
  /** `name=value`, marks the containers that are ours. */
  readonly containerLabel: string;
  /** Where lists are kept for the next start; null: nowhere. */
  readonly lastLists: Pick<LastLists, 'keep'> | null;
}

export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: string;
}

/** The answer to `GET /engines`. */
export interface EnginesList {
  readonly kind: 'list';
  readonly body: ReadyBody;
  readonly engines: readonly EngineJson[];
  readonly staleSeconds: number | null;
}

/** What is known of one VPN. */
export interface VpnListsRead {
  readonly vpn: string;
  readonly read: Read<VpnLists>;
}

/** What is known of one VPN's status. */
export interface VpnStatusRead {
  readonly vpn: string;
  readonly status: Read<VpnStatusView>;
}

/** Lists of a VPN that may be shown. */
export interface UsableLists {
  readonly vpn: string;
  readonly lists: VpnLists;
}

export interface UsableStatuses {
  readonly usable: readonly VpnStatusRead[];
  /** VPNs of which nothing is known, or nothing that is young enough. */
  readonly silent: readonly string[];
  readonly staleSeconds: number | null;
}

interface FollowedVpn {
  readonly follower: VpnFollower;
  readonly progress: VpnProgress;
}

const FIRST_LIST_WITHIN_MS = 2_500;
/** After a start no VPN is left out sooner, however short ENGINES_STALE_LIMIT_S is. */
const LEFT_OUT_AFTER_MS_AT_LEAST = 10_000;
/**
 * Readers wait for what has just happened: a change that one API process has answered for is shown by the others. From so long after it
 * on, those who read while the worker is busier than that get the list of before.
 */
export const CATCH_UP_WITHIN_MS = 250;
/** While nothing is known. */
const LOOK_AGAIN_MS = 50;
/** Proxies give up after 3 s, and there is more to do than to ask. */
const STATUS_WITHIN_MS = 2_000;
/** So long the passing of time may go unnoticed: it makes lists stale, and engines checked lately. */
const COMPOSED_FOR_MS = 25;

/** Everything the API reads of the VPNs, kept in memory, and as bytes while it does not change. */
export class Reads {
  private readonly vpns: readonly FollowedVpn[];
  private readonly worker = new WorkerLiveness();
  private readonly startedAt = performance.now();
  private readonly stopping = new AbortController();
  private running: Promise<unknown> | null = null;
  private composed: { readonly of: string; readonly answer: EnginesList } | null = null;
  /** Of the event loop, for all who wait for its end. */
  private turn: Promise<void> | null = null;
  private composedAt = -Infinity;
  private composedVersion = -1;

  /** @param before what was known of the VPNs before this process began */
  constructor(
    sources: readonly VpnSource[],
    private readonly options: ReadsOptions,
    before: ReadonlyMap<string, KnownLists> = new Map(),
  ) {
    const { lagMs, lastLists } = options;
    const { worker } = this;
    this.vpns = sources.map((source) => ({
      follower: new VpnFollower(source, {
        lagMs,
        worker,
        before: before.get(source.vpn),
        keep: (lists) => lastLists?.keep(source.vpn, { lists, at: Date.now() }),
      }),
      progress: new VpnProgress(source),
    }));
  }

  start(): void {
    if (this.running) return;
    this.running = Promise.all(this.followers.map((f) => f.run()));
    // Not waited for at the end: a question may be under way that nobody answers.
    void this.worker.watch(this.followers, this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const { follower } of this.vpns) follower.stop();
    await this.running;
  }

  get names(): string[] {
    return this.vpns.map((v) => v.follower.vpn);
  }

  get sources(): VpnSource[] {
    return this.vpns.map((v) => v.follower.source);
  }

  get followers(): VpnFollower[] {
    return this.vpns.map((v) => v.follower);
  }

  source(vpn: string): VpnSource | undefined {
    return this.follower(vpn)?.source;
  }

  follower(vpn: string): VpnFollower | undefined {
    return this.vpns.find((v) => v.follower.vpn === vpn)?.follower;
  }

  /** Another number whenever a list may be another than before, other than by the passing of time. */
  get version(): number {
    let sum = 0;
    for (const { follower } of this.vpns) sum += follower.version;
    return sum;
  }

  /** Carries out what changes VPNs, and waits until what is read shows it. */
  async afterwards<T>(followers: readonly VpnFollower[], change: () => Promise<T>): Promise<T> {
    const result = await change();
    await Promise.all(followers.map((f) => f.upToDate(STATUS_WITHIN_MS / 2)));
    return result;
  }

  async status(vpn: string): Promise<Read<VpnStatusView>> {
    const follower = this.follower(vpn);
    return follower ? follower.status(STATUS_WITHIN_MS) : { kind: 'none', reason: `no VPN '${vpn}'` };
  }

  /** Of every VPN, in their order. */
  async statuses(): Promise<VpnStatusRead[]> {
    return Promise.all(this.followers.map(async (f) => ({ vpn: f.vpn, status: await f.status(STATUS_WITHIN_MS) })));
  }

  /** Those that may be shown. */
  async usableStatuses(): Promise<UsableStatuses> {
    const statuses = await this.statuses();
    const usable = statuses.filter(({ status }) => this.isUsable(status));
    const silent = statuses.filter((s) => !usable.includes(s)).map((s) => s.vpn);
    return { usable, silent, staleSeconds: staleSecondsOf(statuses.map((s) => s.status)) };
  }

  /** Null when it is not known; never an error, since only times depend on it. */
  async progress(vpn: string): Promise<ObserveProgress | null> {
    return (await this.vpns.find((v) => v.follower.vpn === vpn)?.progress.read(STATUS_WITHIN_MS)) ?? null;
  }

  async engines(): Promise<EnginesList | Unavailable> {
    await this.arrivalsHeard();
    const { composed } = this;
    const isYoung = performance.now() - this.composedAt < COMPOSED_FOR_MS;
    if (composed && isYoung && this.composedVersion === this.version) return composed.answer;
    return this.usable().then((reads) => (reads.kind === 'unavailable' ? reads : this.compose(reads.reads)));
  }

  /** Those that are known, though that may be half of them. */
  async enginesListed(): Promise<readonly EngineJson[]> {
    await this.caughtUp();
    return this.lists().flatMap((read) => this.present(read, null));
  }

  /** Engines and streams of each VPN as they are known now. */
  lists(): VpnListsRead[] {
    return this.followers.map((f) => ({ vpn: f.vpn, read: f.read }));
  }

  /** Those that may be shown. */
  async usableLists(): Promise<
    { kind: 'lists'; vpns: readonly UsableLists[]; staleSeconds: number | null } | Unavailable
  > {
    const answer = await this.usable();
    if (answer.kind === 'unavailable') return answer;
    const vpns = answer.reads.flatMap(({ vpn, read }) =>
      read.kind === 'none' || this.tooOld(read) ? [] : [{ vpn, lists: read.value }],
    );
    return { kind: 'lists', vpns, staleSeconds: staleSecondsOf(answer.reads.map((r) => r.read)) };
  }

  private async usable(): Promise<{ kind: 'reads'; reads: readonly VpnListsRead[] } | Unavailable> {
    await this.caughtUp();
    for (;;) {
      const reads = this.lists();
      const usable = reads.filter(({ read }) => this.isUsable(read));
      const { age } = this;
      const mayLackSome = age >= Math.max(LEFT_OUT_AFTER_MS_AT_LEAST, this.options.staleLimitMs);
      const isWhole = usable.length === reads.length || mayLackSome;
      if (usable.length > 0 && isWhole) return { kind: 'reads', reads };
      if (age >= FIRST_LIST_WITHIN_MS) return { kind: 'unavailable', reason: reads.map(why).join('; ') };
      await pauseUntil(LOOK_AGAIN_MS, this.stopping.signal);
      if (this.stopping.signal.aborted) return { kind: 'unavailable', reason: 'Portward is stopping' };
    }
  }

  private async caughtUp(): Promise<void> {
    await this.arrivalsHeard();
    const behind = this.followers.filter((f) => f.isBehind);
    if (behind.length > 0) await Promise.all(behind.map((f) => f.caughtUp(CATCH_UP_WITHIN_MS)));
  }

  /**
   * Resolves when all that had arrived from Temporal before this call has been taken in: on a busy machine the news of a stream and a
   * request that comes after its report was answered, by another API process, are read from their sockets in one turn of the event loop.
   */
  private arrivalsHeard(): Promise<void> {
    this.turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.turn = null;
        resolve();
      });
    });
    return this.turn;
  }

  private isUsable(read: Read<unknown>): boolean {
    return read.kind !== 'none' && !this.tooOld(read);
  }

  private tooOld(read: Read<unknown>): boolean {
    return read.kind === 'stale' && Math.min(read.seconds * 1000, this.age) > this.options.staleLimitMs;
  }

  /** Since this process began to read, in ms. */
  private get age(): number {
    return performance.now() - this.startedAt;
  }

  private compose(reads: readonly VpnListsRead[]): EnginesList {
    this.composedVersion = this.version;
    this.composedAt = performance.now();
    const progress = this.vpns.map((v) => v.progress.known);
    const staleSeconds = staleSecondsOf(reads.map((r) => r.read));
    const parts = reads.map(({ read }, i) =>
      read.kind === 'none'
        ? '-'
        : `${read.kind}${this.tooOld(read)}${read.value.engines.version}@${progress[i]?.checkedAt}`,
    );
    const of = parts.join('|');
    if (this.composed?.of !== of) {
      const engines = reads
        .flatMap((read, i) => this.present(read, progress[i] ?? null))
        .toSorted((a, b) => a.port - b.port || a.container_id.localeCompare(b.container_id));
      const body = new ReadyBody(Buffer.from(JSON.stringify(engines)));
      this.composed = { of, answer: { kind: 'list', engines, body, staleSeconds } };
    } else if (this.composed.answer.staleSeconds !== staleSeconds) {
      this.composed = { of, answer: { ...this.composed.answer, staleSeconds } };
    }
    return this.composed.answer;
  }

  private present({ vpn, read }: VpnListsRead, progress: ObserveProgress | null): EngineJson[] {
    if (read.kind === 'none' || this.tooOld(read)) return [];
    const host = this.options.advertisedHost ?? vpn;
    const { containerLabel } = this.options;
    const { engines } = read.value.engines;
    // Which port is forwarded may have changed since: of an old list nothing is claimed.
    const claimed = read.kind === 'stale' ? engines.map((e) => ({ ...e, forwarded: false })) : engines;
    return claimed.map((engine) => engineJson(engine, { name: vpn, host, containerLabel, progress }));
  }
}

function why({ vpn, read }: VpnListsRead): string {
  if (read.kind === 'none') return `${vpn}: ${read.reason}`;
  return read.kind === 'stale' ? `${vpn}: its workflow has not answered for ${read.seconds} s` : `${vpn}: well`;
}
