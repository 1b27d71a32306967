import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyClient, StreamOutcome } from './proxy-client';

/** Shorter than EVICTION_GRACE_S less the 2 s for which the proxy keeps its list, so that no replacement may cut a stream. */
const WATCH_MS = 500;
const PAUSE_MS = 100;
/** The pause of a viewer after an error. */
const AFTER_FAILURE_MS = 1_000;

export interface Tally {
  readonly made: number;
  readonly served: number;
  readonly cutShort: number;
  readonly failed: number;
  /** Served streams by the engine's container name. */
  readonly servedBy: ReadonlyMap<string, number>;
  /** Failures, with their times in ms since the epoch. */
  readonly troubles: readonly { readonly at: number; readonly what: string }[];
}

/** Viewers that keep changing channels: each requests one short stream after the other through the proxy. */
export class Viewers {
  private readonly troubles: { at: number; what: string }[] = [];
  private readonly counts: Record<StreamOutcome['kind'], number> = { served: 0, 'cut short': 0, failed: 0 };
  private readonly servedBy = new Map<string, number>();
  private readonly watching: Promise<void>[] = [];
  private stopping = false;

  constructor(
    private readonly proxy: ProxyClient,
    private readonly heard: (outcome: StreamOutcome, beganAt: number) => void = () => {},
  ) {}

  start(count: number): void {
    // The viewers do not begin at the same time.
    for (let viewer = 0; viewer < count; viewer++) {
      this.watching.push(this.watch(viewer, (viewer * (WATCH_MS + PAUSE_MS)) / count));
    }
  }

  get tally(): Tally {
    const { served, failed, 'cut short': cutShort } = this.counts;
    return {
      made: served + cutShort + failed,
      served,
      cutShort,
      failed,
      servedBy: this.servedBy,
      troubles: this.troubles,
    };
  }

  /** Resolves when every stream has ended. */
  async stop(): Promise<Tally> {
    this.stopping = true;
    await Promise.all(this.watching);
    return this.tally;
  }

  private async watch(viewer: number, delayMs: number): Promise<void> {
    await sleep(delayMs);
    for (let zap = 0; !this.stopping; zap++) {
      const beganAt = Date.now();
      const outcome = await this.proxy.stream(`viewer-${viewer}-${zap}`, WATCH_MS);
      this.counts[outcome.kind]++;
      if (outcome.kind === 'served') this.credit(outcome.engine.container_name ?? outcome.engine.container_id);
      else this.troubles.push({ at: Date.now(), what: `${outcome.kind}: ${outcome.reason}` });
      this.heard(outcome, beganAt);
      await sleep(outcome.kind === 'served' ? PAUSE_MS : AFTER_FAILURE_MS);
    }
  }

  private credit(engine: string): void {
    this.servedBy.set(engine, (this.servedBy.get(engine) ?? 0) + 1);
  }
}
