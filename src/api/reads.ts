import type { ObserveProgress } from '../activities/observe';
import type { VpnReport } from '../workflows/messages';
import { pauseUntil } from '../pause';
import { engineJson } from './present';
import type { EngineJson } from './schemas';
import { SharedQuery, type Read } from './shared-query';
import type { EngineList, VpnSource } from './vpn-source';

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

interface VpnReads {
  readonly source: VpnSource;
  readonly engines: SharedQuery<EngineList>;
  readonly state: SharedQuery<VpnReport>;
  readonly progress: SharedQuery<ObserveProgress | null>;
}

const FIRST_LIST_WITHIN_MS = 2_500;
/** The time in which a list without an engine that is to be stopped has to be had is 2.5 s and more. */
const ASK_AGAIN_MS = 200;
const PROGRESS_MAX_AGE_MS = 5_000;

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
      engines: new SharedQuery((previous: EngineList | null) => source.engines(previous), {
        maxAgeMs,
        askAgainMs: ASK_AGAIN_MS,
      }),
      state: new SharedQuery(() => source.state(), { maxAgeMs }),
      progress: new SharedQuery(() => source.progress(), { maxAgeMs: PROGRESS_MAX_AGE_MS }),
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

  /** Null when it is not known; never an error, since only times depend on it. */
  async progress(vpn: string): Promise<ObserveProgress | null> {
    const read = await this.vpns.find((v) => v.source.vpn === vpn)?.progress.read();
    return read?.kind === 'fresh' || read?.kind === 'stale' ? read.value : null;
  }

  async engines(): Promise<EnginesAnswer> {
    for (;;) {
      const reads = await Promise.all(this.vpns.map((v) => v.engines.read()));
      const usable = reads.filter((r) => r.kind !== 'none' && !this.tooOld(r));
      const starting = performance.now() - this.startedAt < FIRST_LIST_WITHIN_MS;
      if (usable.length > 0 && (usable.length === reads.length || !starting)) return this.compose(reads);
      if (!starting) return { kind: 'unavailable', reason: this.why(reads) };
      await pauseUntil(50);
    }
  }

  private tooOld(read: Read<EngineList>): boolean {
    return read.kind === 'stale' && read.seconds * 1000 > this.options.staleLimitMs;
  }

  private why(reads: readonly Read<EngineList>[]): string {
    return reads
      .map((read, i) => {
        const vpn = this.vpns[i]?.source.vpn;
        if (read.kind === 'none') return `${vpn}: ${read.reason}`;
        return read.kind === 'stale' ? `${vpn}: its workflow has not answered for ${read.seconds} s` : `${vpn}: well`;
      })
      .join('; ');
  }

  private async compose(reads: readonly Read<EngineList>[]): Promise<EnginesAnswer> {
    const progress = this.vpns.map((v) => this.progressKnown(v));
    let staleSeconds: number | null = null;
    const parts = reads.map((read, i) => {
      if (read.kind !== 'fresh') staleSeconds = Math.max(staleSeconds ?? 0, read.kind === 'stale' ? read.seconds : 0);
      return read.kind === 'none'
        ? '-'
        : `${read.kind}${this.tooOld(read)}${read.value.version}@${progress[i]?.checkedAt}`;
    });
    const of = parts.join('|');
    if (this.composed?.of !== of) {
      const engines = reads
        .flatMap((read, i) => this.present(read, i, progress[i] ?? null))
        .toSorted((a, b) => a.port - b.port || a.container_id.localeCompare(b.container_id));
      this.composed = { of, engines, body: Buffer.from(JSON.stringify(engines)) };
    }
    const { body, engines } = this.composed;
    return { kind: 'list', body, engines, staleSeconds };
  }

  private present(read: Read<EngineList>, index: number, progress: ObserveProgress | null): EngineJson[] {
    const vpn = this.vpns[index]?.source.vpn;
    if (read.kind === 'none' || vpn === undefined || this.tooOld(read)) return [];
    const host = this.options.advertisedHost ?? vpn;
    const { containerLabel } = this.options;
    // Which port is forwarded may have changed since: of an old list nothing is claimed.
    const engines =
      read.kind === 'stale' ? read.value.engines.map((e) => ({ ...e, forwarded: false })) : read.value.engines;
    return engines.map((engine) => engineJson(engine, { name: vpn, host, containerLabel, progress }));
  }

  private readonly lastProgress = new Map<VpnReads, ObserveProgress | null>();

  /** What was last known, without waiting; asked for again in the background. */
  private progressKnown(vpn: VpnReads): ObserveProgress | null {
    void vpn.progress.read().then((read) => {
      if (read.kind === 'fresh') this.lastProgress.set(vpn, read.value);
    });
    return this.lastProgress.get(vpn) ?? null;
  }
}
