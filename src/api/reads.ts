import type { ObserveProgress } from '../activities/observe';
import type { VpnReport } from '../workflows/messages';
import { DeadlineExceeded, withDeadline } from '../deadline';
import { pauseUntil } from '../pause';
import { engineJson } from './present';
import type { EngineJson } from './schemas';
import { SharedQuery, type LastAnswer, type Read } from './shared-query';
import { staleSecondsOf } from './stale-mark';
import { SparingLists } from './sparing-lists';
import type { StreamListsRead } from './stream-reads';
import type { VpnLists, VpnSource } from './vpn-source';

export interface ReadsOptions {
  readonly maxAgeMs: number;
  readonly staleLimitMs: number;
  readonly advertisedHost: string | null;
  /** `name=value`, marks the containers that are ours. */
  readonly containerLabel: string;
}

/** The answer to `GET /engines`. */
export type EnginesAnswer =
  | {
      readonly kind: 'list';
      readonly body: Buffer;
      readonly engines: readonly EngineJson[];
      readonly staleSeconds: number | null;
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What is known of one VPN. */
export interface VpnListsRead {
  readonly vpn: string;
  readonly read: Read<VpnLists>;
}

/** What is known of one VPN's whole state. */
export interface VpnStateRead {
  readonly vpn: string;
  readonly state: Read<VpnReport>;
}

export interface UsableStates {
  readonly usable: readonly VpnStateRead[];
  /** VPNs of which nothing is known, or nothing that is young enough. */
  readonly silent: readonly string[];
  readonly staleSeconds: number | null;
}

interface VpnReads {
  readonly source: VpnSource;
  readonly lists: SharedQuery<VpnLists>;
  readonly state: SharedQuery<VpnReport>;
  readonly progress: SharedQuery<ObserveProgress | null>;
}

const FIRST_LIST_WITHIN_MS = 2_500;
/** A VPN whose workflow does not answer holds up no other one's. Longer than the deadline of the query itself. */
const LISTS_WITHIN_MS = 1_000;
/** Proxies give up after 3 s, and there is more to do than to ask. */
const STATE_WITHIN_MS = 2_000;
/** The time in which a list without an engine that is to be stopped has to be had is 2.5 s and more. */
const ASK_AGAIN_MS = 200;
const PROGRESS_MAX_AGE_MS = 5_000;
const PROGRESS_COUNTS_FOR_MS = 30_000;

/** Everything the API reads of the VPNs, shared between requests, and kept as bytes while it does not change. */
export class Reads {
  private readonly vpns: readonly VpnReads[];
  private readonly startedAt = performance.now();
  private composed: { readonly of: string; readonly body: Buffer; readonly engines: readonly EngineJson[] } | null =
    null;

  constructor(
    sources: readonly VpnSource[],
    private readonly options: ReadsOptions,
  ) {
    const { maxAgeMs } = options;
    this.vpns = sources.map((source) => ({
      source,
      lists: new SharedQuery(sparingly(source), {
        maxAgeMs,
        aheadMs: maxAgeMs / 4,
        patienceMs: LISTS_WITHIN_MS,
        askAgainMs: ASK_AGAIN_MS,
      }),
      state: new SharedQuery(() => source.state(), { maxAgeMs, patienceMs: STATE_WITHIN_MS }),
      progress: new SharedQuery(lasting(source), {
        maxAgeMs: PROGRESS_MAX_AGE_MS,
        patienceMs: STATE_WITHIN_MS,
      }),
    }));
  }

  get names(): string[] {
    return this.vpns.map((v) => v.source.vpn);
  }

  get sources(): VpnSource[] {
    return this.vpns.map((v) => v.source);
  }

  source(vpn: string): VpnSource | undefined {
    return this.vpns.find((v) => v.source.vpn === vpn)?.source;
  }

  async state(vpn: string): Promise<Read<VpnReport>> {
    const reads = this.vpns.find((v) => v.source.vpn === vpn);
    return reads ? reads.state.read() : { kind: 'none', reason: `no VPN '${vpn}'` };
  }

  /** What is known without asking, however old; null: nothing. */
  lastState(vpn: string): LastAnswer<VpnReport> | null {
    return this.vpns.find((v) => v.source.vpn === vpn)?.state.last ?? null;
  }

  /** Of every VPN, in their order. */
  async states(): Promise<VpnStateRead[]> {
    return Promise.all(this.vpns.map(async ({ source: { vpn }, state }) => ({ vpn, state: await state.read() })));
  }

  /** Those that may be shown. */
  async usableStates(): Promise<UsableStates> {
    const states = await this.states();
    const usable = states.filter(({ state }) => this.isUsable(state));
    const silent = states.filter((s) => !usable.includes(s)).map((s) => s.vpn);
    return { usable, silent, staleSeconds: staleSecondsOf(states.map((s) => s.state)) };
  }

  /** Null when it is not known; never an error, since only times depend on it. */
  async progress(vpn: string): Promise<ObserveProgress | null> {
    const read = await this.vpns.find((v) => v.source.vpn === vpn)?.progress.read();
    return read?.kind === 'fresh' || read?.kind === 'stale' ? read.value : null;
  }

  async engines(): Promise<EnginesAnswer> {
    const answer = await this.usable();
    return answer.kind === 'unavailable' ? answer : this.compose(answer.reads);
  }

  /** Those that can be had in the time in which every state is there, or given up; none if they can't. */
  async enginesListed(): Promise<readonly EngineJson[]> {
    try {
      const answer = await withDeadline(STATE_WITHIN_MS, new AbortController().signal, () => this.engines());
      return answer.kind === 'list' ? answer.engines : [];
    } catch (error) {
      if (error instanceof DeadlineExceeded) return [];
      throw error;
    }
  }

  /** Engines and streams of each VPN as they are known now. */
  async lists(): Promise<VpnListsRead[]> {
    return Promise.all(
      this.vpns.map(async ({ source, lists }) => ({
        vpn: source.vpn,
        read: await lists.read(),
      })),
    );
  }

  /** Those that may be shown. */
  async usableLists(): Promise<StreamListsRead> {
    const answer = await this.usable();
    if (answer.kind === 'unavailable') return answer;
    const vpns = answer.reads.flatMap((read, i) => {
      const known = this.vpns[i];
      if (read.kind === 'none' || this.tooOld(read) || !known) return [];
      const { version, streams } = read.value.streams;
      return [{ vpn: known.source.vpn, version, streams, askedAt: read.askedAt }];
    });
    return { kind: 'lists', vpns, staleSeconds: staleSecondsOf(answer.reads) };
  }

  private async usable(): Promise<
    { kind: 'reads'; reads: readonly Read<VpnLists>[] } | { kind: 'unavailable'; reason: string }
  > {
    for (;;) {
      const reads = this.freshLists() ?? (await Promise.all(this.vpns.map((v) => v.lists.read())));
      const usable = reads.filter((r) => this.isUsable(r));
      const starting = performance.now() - this.startedAt < FIRST_LIST_WITHIN_MS;
      if (usable.length > 0 && (usable.length === reads.length || !starting)) return { kind: 'reads', reads };
      if (!starting) return { kind: 'unavailable', reason: this.why(reads) };
      await pauseUntil(50);
    }
  }

  /** Null when one has to be waited for. Without promises, which would take most of the time of an answer. */
  private freshLists(): Read<VpnLists>[] | null {
    const reads: Read<VpnLists>[] = [];
    for (const { lists } of this.vpns) {
      const read = lists.fresh();
      if (read) reads.push(read);
    }
    return reads.length === this.vpns.length ? reads : null;
  }

  private isUsable(read: Read<unknown>): boolean {
    return read.kind !== 'none' && !this.tooOld(read);
  }

  private tooOld(read: Read<unknown>): boolean {
    return read.kind === 'stale' && read.seconds * 1000 > this.options.staleLimitMs;
  }

  private why(reads: readonly Read<VpnLists>[]): string {
    return reads
      .map((read, i) => {
        const vpn = this.vpns[i]?.source.vpn;
        if (read.kind === 'none') return `${vpn}: ${read.reason}`;
        return read.kind === 'stale' ? `${vpn}: its workflow has not answered for ${read.seconds} s` : `${vpn}: well`;
      })
      .join('; ');
  }

  private async compose(reads: readonly Read<VpnLists>[]): Promise<EnginesAnswer> {
    const progress = this.vpns.map((v) => this.progressKnown(v));
    const parts = reads.map((read, i) =>
      read.kind === 'none'
        ? '-'
        : `${read.kind}${this.tooOld(read)}${read.value.engines.version}@${progress[i]?.checkedAt}`,
    );
    const of = parts.join('|');
    if (this.composed?.of !== of) {
      const engines = reads
        .flatMap((read, i) => this.present(read, i, progress[i] ?? null))
        .toSorted((a, b) => a.port - b.port || a.container_id.localeCompare(b.container_id));
      this.composed = { of, engines, body: Buffer.from(JSON.stringify(engines)) };
    }
    const { body, engines } = this.composed;
    return { kind: 'list', body, engines, staleSeconds: staleSecondsOf(reads) };
  }

  private present(read: Read<VpnLists>, index: number, progress: ObserveProgress | null): EngineJson[] {
    const vpn = this.vpns[index]?.source.vpn;
    if (read.kind === 'none' || vpn === undefined || this.tooOld(read)) return [];
    const host = this.options.advertisedHost ?? vpn;
    const { containerLabel } = this.options;
    // Which port is forwarded may have changed since: of an old list nothing is claimed.
    const engines =
      read.kind === 'stale'
        ? read.value.engines.engines.map((e) => ({ ...e, forwarded: false }))
        : read.value.engines.engines;
    return engines.map((engine) => engineJson(engine, { name: vpn, host, containerLabel, progress }));
  }

  private readonly lastProgress = new Map<VpnReads, ObserveProgress | null>();

  /** What was last known, without waiting; asked for again in the background. */
  private progressKnown(vpn: VpnReads): ObserveProgress | null {
    const fresh = vpn.progress.fresh();
    if (fresh) this.lastProgress.set(vpn, fresh.value);
    else {
      void vpn.progress.read().then((read) => {
        if (read.kind === 'fresh') this.lastProgress.set(vpn, read.value);
      });
    }
    return this.lastProgress.get(vpn) ?? null;
  }
}

/** Between two observes none is at work for a moment: what was said last still counts. */
function lasting(source: VpnSource): () => Promise<ObserveProgress | null> {
  let last: { readonly progress: ObserveProgress; readonly at: number } | null = null;
  return async () => {
    const progress = await source.progress();
    if (progress) last = { progress, at: performance.now() };
    return last && performance.now() - last.at < PROGRESS_COUNTS_FOR_MS ? last.progress : null;
  };
}

function sparingly(source: VpnSource): (previous: VpnLists | null) => Promise<VpnLists> {
  const lists = new SparingLists(source);
  return (previous) => lists.ask(previous);
}
