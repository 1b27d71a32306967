import type { Logger } from 'pino';
import { DeadlineExceeded } from '../../lib/deadline';
import { FOUND_STALE } from '../../domain/streams/end-reason';
import type { ContainerId } from '../../domain/engine';
import type { Stream, StreamEvent } from '../../domain/streams/stream';
import type { SampleRecords } from '../../domain/streams/samples';
import type { Endpoint } from '../../clients/engine/engine-api';
import { askStatistics } from '../../clients/engine/stream-statistics';
import { pauseUntil } from '../../lib/pause';
import { RecentSamples } from './recent-samples';

/** The VPN's workflow, as far as streams go. */
export interface StreamsWorkflow {
  /** Those that run, and perhaps some that have ended. @throws when it does not answer */
  streams(): Promise<readonly Stream[]>;
  tell(events: readonly StreamEvent[]): Promise<void>;
}

/** `unknown` says nothing about the engine's streams. */
export type Whereabouts =
  { readonly kind: 'there'; readonly endpoint: Endpoint } | { readonly kind: 'gone' } | { readonly kind: 'unknown' };

export interface CollectorOptions {
  readonly vpn: string;
  readonly intervalMs: number;
  readonly log: Logger;
}

/** Looks in a row that find no session until its stream is ended. */
const STALE_AFTER_LOOKS = 2;
/** With no stream to look at the workflow is asked more seldom. */
const QUIET_FACTOR = 3;
const ENGINES_AT_A_TIME = 8;
const LEAST_PAUSE_MS = 50;

/**
 * Asks the engines of one VPN for the statistics of their streams, and ends streams that their engines know nothing of: a
 * proxy says only once that a stream has ended, and may not live to say it. Kept over the rounds of observing.
 */
export class StreamCollector {
  private readonly samples = new RecentSamples();
  /** How many looks in a row have found no session. */
  private readonly missing = new Map<string, number>();
  /** On the clock that nobody sets. */
  private dueAt = -Infinity;
  private looking = false;

  constructor(
    private readonly workflow: StreamsWorkflow,
    private readonly options: CollectorOptions,
  ) {}

  /** For a heartbeat. */
  records(): SampleRecords {
    return this.samples.records();
  }

  /** Looks whenever it is time; several may watch. Never rejects. */
  async watch(where: (engine: ContainerId) => Whereabouts, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.looking && performance.now() >= this.dueAt) await this.look(where, signal);
      await pauseUntil(Math.max(LEAST_PAUSE_MS, this.dueAt - performance.now()), signal);
    }
  }

  private async look(where: (engine: ContainerId) => Whereabouts, signal: AbortSignal): Promise<void> {
    const { intervalMs, vpn, log } = this.options;
    const begun = performance.now();
    this.looking = true;
    this.dueAt = begun + intervalMs;
    try {
      const started = (await this.workflow.streams()).filter((s) => s.endedAt === null);
      if (started.length === 0) this.dueAt = begun + QUIET_FACTOR * intervalMs;
      this.keepOnly(new Set(started.map((s) => s.id)));
      await this.askAll(started, where, signal);
      if (!signal.aborted) await this.endStale(started);
    } catch (error) {
      log.debug({ event: 'streams not looked at', vpn, err: error }, `[${vpn}] streams could not be looked at`);
    } finally {
      this.looking = false;
    }
  }

  private keepOnly(streams: ReadonlySet<string>): void {
    this.samples.keepOnly(streams);
    for (const stream of this.missing.keys()) if (!streams.has(stream)) this.missing.delete(stream);
  }

  private async askAll(
    streams: readonly Stream[],
    where: (engine: ContainerId) => Whereabouts,
    signal: AbortSignal,
  ): Promise<void> {
    const engines = [...new Set(streams.map((s) => s.containerId))];
    const next = async (): Promise<void> => {
      for (let engine = engines.shift(); engine !== undefined; engine = engines.shift()) {
        if (signal.aborted) return;
        const on = streams.filter((s) => s.containerId === engine);
        await this.askEngine(on, where(engine), signal);
      }
    };
    await Promise.all(Array.from({ length: ENGINES_AT_A_TIME }, next));
  }

  /** One after the other; once the engine has not answered in time, its other streams are left for the next look. */
  private async askEngine(streams: readonly Stream[], place: Whereabouts, signal: AbortSignal): Promise<void> {
    let silent = place.kind === 'unknown';
    for (const { id, statUrl } of streams) {
      if (signal.aborted) return;
      if (silent) {
        this.missing.delete(id);
        continue;
      }
      if (place.kind !== 'there') {
        this.missed(id);
        continue;
      }
      try {
        const answer = await askStatistics(place.endpoint, statUrl, signal);
        if (answer.kind === 'sample') {
          this.missing.delete(id);
          this.samples.add(id, answer.sample);
        } else this.missed(id);
      } catch (error) {
        // It may be slow, or its stat_url of another kind: neither says that the stream is over.
        if (signal.aborted) return;
        this.missing.delete(id);
        silent = error instanceof DeadlineExceeded;
      }
    }
  }

  private missed(stream: string): void {
    this.missing.set(stream, (this.missing.get(stream) ?? 0) + 1);
  }

  private async endStale(started: readonly Stream[]): Promise<void> {
    const { vpn, log } = this.options;
    const stale = started.filter((s) => (this.missing.get(s.id) ?? 0) >= STALE_AFTER_LOOKS);
    if (stale.length === 0) return;
    const at = Date.now();
    await this.workflow.tell(stale.map(({ id }) => ({ kind: 'ended', id, at, reason: FOUND_STALE })));
    for (const { id, containerId } of stale) {
      this.missing.delete(id);
      log.info(
        { event: 'stale stream', vpn, stream: id, engine: containerId },
        `[${vpn}] Stream ${id} ended: its engine knows nothing of it`,
      );
    }
  }
}
