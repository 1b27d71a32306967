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

/** What the collector needs of the VPN's workflow. */
export interface StreamsWorkflow {
  /** Running streams, and possibly some that have ended. @throws when the workflow does not answer */
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

/** A stream is ended after so many checks in a row that found no session. */
const STALE_AFTER_CHECKS = 2;
/** Factor of the interval while no stream runs. */
const QUIET_FACTOR = 3;
const ENGINES_AT_A_TIME = 8;
const LEAST_PAUSE_MS = 50;

/**
 * Asks the engines of one VPN for the statistics of their streams, and ends streams that their engine does not know.
 * A proxy reports the end of a stream only once, and may die before. The collector is kept from one observation to
 * the next.
 */
export class StreamCollector {
  private readonly samples = new RecentSamples();
  /** Number of checks in a row that found no session, by stream. */
  private readonly missing = new Map<string, number>();
  /** When the next check is due, in monotonic time. */
  private dueAt = -Infinity;
  private checking = false;

  constructor(
    private readonly workflow: StreamsWorkflow,
    private readonly options: CollectorOptions,
  ) {}

  /** For a heartbeat. */
  records(): SampleRecords {
    return this.samples.records();
  }

  /** Checks the streams whenever it is time, until the signal. Several calls may run at once. Never rejects. */
  async watch(where: (engine: ContainerId) => Whereabouts, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.checking && performance.now() >= this.dueAt) await this.check(where, signal);
      await pauseUntil(Math.max(LEAST_PAUSE_MS, this.dueAt - performance.now()), signal);
    }
  }

  private async check(where: (engine: ContainerId) => Whereabouts, signal: AbortSignal): Promise<void> {
    const { intervalMs, vpn, log } = this.options;
    const begun = performance.now();
    this.checking = true;
    this.dueAt = begun + intervalMs;
    try {
      const started = (await this.workflow.streams()).filter((s) => s.endedAt === null);
      if (started.length === 0) this.dueAt = begun + QUIET_FACTOR * intervalMs;
      this.keepOnly(new Set(started.map((s) => s.id)));
      await this.askAll(started, where, signal);
      if (!signal.aborted) await this.endStale(started);
    } catch (error) {
      log.debug({ event: 'streams not looked at', vpn, err: error }, `[${vpn}] streams could not be checked`);
    } finally {
      this.checking = false;
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

  /**
   * Asks for one stream after the other. If the engine does not answer in time, its other streams wait for the next
   * check.
   */
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
        // The engine may be slow, or its `stat_url` unusable. Neither means that the stream has ended.
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
    const stale = started.filter((s) => (this.missing.get(s.id) ?? 0) >= STALE_AFTER_CHECKS);
    if (stale.length === 0) return;
    const at = Date.now();
    await this.workflow.tell(stale.map(({ id }) => ({ kind: 'ended', id, at, reason: FOUND_STALE })));
    for (const { id, containerId } of stale) {
      this.missing.delete(id);
      log.info(
        { event: 'stale stream', vpn, stream: id, engine: containerId },
        `[${vpn}] Stream ${id} ended: its engine does not know it`,
      );
    }
  }
}
