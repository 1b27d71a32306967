import { setTimeout as sleep } from 'node:timers/promises';
import { NoStream, type ProxyStream, type StrictProxyClient } from '../simulator/proxy-client-strict';
import type { StreamOver, StreamReported } from './checker/facts';

/**
 * How long each viewer stays with a stream; the last one stays until `stop`. Each is longer than EVICTION_GRACE_S: a viewer may
 * begin, by an older list, on an engine that has just been hidden.
 */
const STAYS_MS = [3_200, 3_600, 4_000, 6_000, Infinity] as const;
/** The longest that a timer takes. */
const FOREVER_MS = 2 ** 31 - 1;
const PAUSE_MS = 200;

/** Viewers behind a proxy that reports its streams. */
export class Players {
  private leaving: AbortController | null = null;
  private watching: Promise<void>[] = [];
  private streams = 0;

  constructor(
    private readonly proxy: StrictProxyClient,
    private readonly tell: (fact: StreamReported | StreamOver) => void,
    /** The engine as in the latest list. */
    private readonly engine: (id: string) => StreamReported['engine'] | null,
  ) {}

  start(): void {
    const leaving = new AbortController();
    this.leaving = leaving;
    this.watching = STAYS_MS.map((ms) => this.watch(ms, leaving.signal));
  }

  /** Resolves when the end of every stream has been reported, or could not be. */
  async stop(): Promise<void> {
    this.leaving?.abort();
    await Promise.all(this.watching);
  }

  private async watch(staysMs: number, leaving: AbortSignal): Promise<void> {
    while (!leaving.aborted) {
      const stream = await this.open();
      if (stream) await this.stay(stream, staysMs, leaving);
      else await sleep(PAUSE_MS);
    }
  }

  /** Null: the viewer gets no stream. That is not checked here, but with the other viewers. */
  private async open(): Promise<ProxyStream | null> {
    try {
      return await this.proxy.open(`player-${this.streams++}`);
    } catch (error) {
      if (error instanceof NoStream) return null;
      throw error;
    }
  }

  private async stay(
    { id, engine: chosen, isReported, playback, over }: ProxyStream,
    ms: number,
    leaving: AbortSignal,
  ) {
    const engine = isReported && chosen.id !== null ? this.engine(chosen.id) : null;
    if (engine) this.tell({ kind: 'stream reported', at: Date.now(), id, engine });
    const enough = sleep(Math.min(ms, FOREVER_MS), undefined, { signal: leaving }).catch(() => undefined);
    await Promise.race([enough, playback.ended]);
    // Before the playback is stopped at the engine.
    this.tell({ kind: 'stream over', at: Date.now(), id });
    await playback.stop();
    await over;
  }
}
