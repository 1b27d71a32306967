import type { ObserveProgress } from '../../activities/observe/observe';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { pauseUntil } from '../../lib/pause';
import type { DatedLists, LastLists } from './last-lists';
import { engineJson } from '../present/vpn';
import type { EngineJson } from '../schemas/engines';
import type { VpnLists, VpnSource } from '../../gateways/vpn-source';
import { staleSecondsOf, type Read } from './read';
import { ReadyBody } from './ready-body';
import { VpnFollower } from './vpn-follower';
import { VpnProgress } from './vpn-progress';
import { WorkerLiveness } from './worker-liveness';

export interface ReadsOptions {
  /** How long a list may be behind its workflow and still count as fresh, in ms. */
  readonly lagMs: number;
  /**
   * How long a VPN may give no list, since its last one or since the start of this process, before lists are answered without it. In ms.
   * Longer than a workflow task that was lost with its worker takes (`workflows/task-timeout.ts`).
   */
  readonly staleLimitMs: number;
  readonly advertisedHost: string | null;
  /** CONTAINER_LABEL, `name=value`. */
  readonly containerLabel: string;
  /** Keeps lists for the next start; null: they are not kept. */
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

export interface VpnListsRead {
  readonly vpn: string;
  readonly read: Read<VpnLists>;
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

interface FollowedVpn {
  readonly follower: VpnFollower;
  readonly progress: VpnProgress;
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

/** Everything that the API reads from the VPNs' workflows, kept in memory. The list of engines is kept as bytes while it is unchanged. */
export class Reads {
  private readonly vpns: readonly FollowedVpn[];
  private readonly worker = new WorkerLiveness();
  private readonly startedAt = performance.now();
  private readonly stopping = new AbortController();
  private running: Promise<unknown> | null = null;
  /** The last answer to `GET /engines`, and the versions of the lists that it was made of. */
  private composed: { readonly madeOf: string; readonly answer: EnginesList } | null = null;
  /** Resolves at the end of this turn of the event loop, for all who wait for it. */
  private turn: Promise<void> | null = null;
  private composedAt = -Infinity;
  private composedVersion = -1;

  /** @param before the last lists of the process before this one */
  constructor(
    sources: readonly VpnSource[],
    private readonly options: ReadsOptions,
    before: ReadonlyMap<string, DatedLists> = new Map(),
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
    // `stop` does not wait for it: its last query may never be answered.
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

  /** Grows whenever a list may have changed for another reason than the passing of time. */
  get version(): number {
    let sum = 0;
    for (const { follower } of this.vpns) sum += follower.version;
    return sum;
  }

  /** Runs a change of these VPNs, and waits up to 1 s until the lists show its effect. */
  async changeAndCatchUp<T>(followers: readonly VpnFollower[], change: () => Promise<T>): Promise<T> {
    const result = await change();
    await Promise.all(followers.map((f) => f.upToDate(STATUS_WITHIN_MS / 2)));
    return result;
  }

  async status(vpn: string): Promise<Read<VpnStatusView>> {
    const follower = this.follower(vpn);
    return follower ? follower.status(STATUS_WITHIN_MS) : { kind: 'none', reason: `no VPN '${vpn}'` };
  }

  /** The status of every VPN, in the order of the configuration. */
  async statuses(): Promise<VpnStatusRead[]> {
    return Promise.all(this.followers.map(async (f) => ({ vpn: f.vpn, status: await f.status(STATUS_WITHIN_MS) })));
  }

  /** The statuses that are recent enough to be shown. */
  async usableStatuses(): Promise<UsableStatuses> {
    const statuses = await this.statuses();
    const usable = statuses.filter(({ status }) => this.isUsable(status));
    const silent = statuses.filter((s) => !usable.includes(s)).map((s) => s.vpn);
    return { usable, silent, staleSeconds: staleSecondsOf(statuses.map((s) => s.status)) };
  }

  /** Null when it is not known. It throws no error, because only times in answers depend on it. */
  async progress(vpn: string): Promise<ObserveProgress | null> {
    return (await this.vpns.find((v) => v.follower.vpn === vpn)?.progress.read(STATUS_WITHIN_MS)) ?? null;
  }

  async engines(): Promise<EnginesList | Unavailable> {
    await this.receivedHandled();
    const { composed } = this;
    const isRecent = performance.now() - this.composedAt < COMPOSED_FOR_MS;
    if (composed && isRecent && this.composedVersion === this.version) return composed.answer;
    return this.usable().then((reads) => (reads.kind === 'unavailable' ? reads : this.compose(reads.reads)));
  }

  /** The engines of the VPNs that have a list, even while other VPNs have none. */
  async enginesListed(): Promise<readonly EngineJson[]> {
    await this.caughtUp();
    return this.lists().flatMap((read) => this.present(read, null));
  }

  /** The last known engines and streams of each VPN, without waiting. */
  lists(): VpnListsRead[] {
    return this.followers.map((f) => ({ vpn: f.vpn, read: f.read }));
  }

  /** The lists that are recent enough to be shown, once they are up to date. */
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
      await pauseUntil(CHECK_EVERY_MS, this.stopping.signal);
      if (this.stopping.signal.aborted) return { kind: 'unavailable', reason: 'Portward is stopping' };
    }
  }

  private async caughtUp(): Promise<void> {
    await this.receivedHandled();
    const behind = this.followers.filter((f) => f.isBehind);
    if (behind.length > 0) await Promise.all(behind.map((f) => f.caughtUp(CATCH_UP_WITHIN_MS)));
  }

  /**
   * Resolves when everything that Temporal had sent before this call has been handled. Example: another API process answers the report of a
   * stream, and its client then asks this process. On a busy machine, Temporal's message about the stream and the client's request are read
   * from their sockets in the same turn of the event loop, in any order.
   */
  private receivedHandled(): Promise<void> {
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

  /** Time since this process began to read, in ms. */
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
    const madeOf = parts.join('|');
    if (this.composed?.madeOf !== madeOf) {
      const engines = reads
        .flatMap((read, i) => this.present(read, progress[i] ?? null))
        .toSorted((a, b) => a.port - b.port || a.container_id.localeCompare(b.container_id));
      const body = new ReadyBody(Buffer.from(JSON.stringify(engines)));
      this.composed = { madeOf, answer: { kind: 'list', engines, body, staleSeconds } };
    } else if (this.composed.answer.staleSeconds !== staleSeconds) {
      this.composed = { madeOf, answer: { ...this.composed.answer, staleSeconds } };
    }
    return this.composed.answer;
  }

  private present({ vpn, read }: VpnListsRead, progress: ObserveProgress | null): EngineJson[] {
    if (read.kind === 'none' || this.tooOld(read)) return [];
    const host = this.options.advertisedHost ?? vpn;
    const { containerLabel } = this.options;
    const { engines } = read.value.engines;
    // The forwarded port may have changed since a stale list was made, so none of its engines is shown as forwarded.
    const shown = read.kind === 'stale' ? engines.map((e) => ({ ...e, forwarded: false })) : engines;
    return shown.map((engine) => engineJson(engine, { name: vpn, host, containerLabel, progress }));
  }
}

function why({ vpn, read }: VpnListsRead): string {
  if (read.kind === 'none') return `${vpn}: ${read.reason}`;
  return read.kind === 'stale' ? `${vpn}: its workflow has not answered for ${read.seconds} s` : `${vpn}: no problem`;
}
