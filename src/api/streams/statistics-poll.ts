import type { Stream } from '../../domain/streams/stream';
import type { SampleRecords } from '../../domain/streams/samples';
import { pauseUntil } from '../../lib/pause';
import type { StaleStreams } from './stale-streams';
import type { StreamHistory } from './stream-history';

/**
 * A heartbeat comes every 3 s and has the samples of 25 s: none is lost if it is looked at so often. A little more than
 * the 5 s for which a look is reused.
 */
const EVERY_MS = 5_200;
/** While nothing is played it is enough to see soon that something is. */
const QUIET_EVERY_MS = 15_000;

export interface StatisticsSource {
  /** By VPN; one whose streams can't be had is not in it. */
  streams(): Promise<readonly { readonly vpn: string; readonly streams: readonly Stream[] }[]>;
  /** What the VPN's worker has collected lately. */
  collected(vpn: string): Promise<SampleRecords>;
}

/** Takes what the workers collect into the history, whether or not anybody asks for it. */
export class StatisticsPoll {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  /** By VPN: what can't be seen now is not over. */
  private readonly ids = new Map<string, readonly string[]>();

  constructor(
    private readonly source: StatisticsSource,
    private readonly history: StreamHistory,
    private readonly stale: StaleStreams,
    /** How many VPNs there are. */
    private readonly vpns: number,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** @returns whether anything is played */
  async once(): Promise<boolean> {
    const vpns = await this.source.streams();
    const playing = vpns.filter(({ streams }) => streams.some((s) => s.endedAt === null));
    await Promise.all(playing.map(async ({ vpn }) => this.history.add(await this.source.collected(vpn))));
    for (const { vpn, streams } of vpns) {
      this.ids.set(
        vpn,
        streams.map((s) => s.id),
      );
      this.stale.see(vpn, streams);
    }
    this.history.keepOnly(new Set([...this.ids.values()].flat()));
    return playing.length > 0 || vpns.length < this.vpns;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let playing = true;
    for (;;) {
      await pauseUntil(playing ? EVERY_MS : QUIET_EVERY_MS, signal);
      if (signal.aborted) return;
      playing = await this.once();
    }
  }
}
