import type { Stream } from '../../domain/streams/stream';
import type { SampleRecords } from '../../domain/streams/samples';
import { pauseUntil } from '../../lib/pause';
import type { StaleStreams } from './stale-streams';
import type { StreamHistory } from './stream-history';

/**
 * A heartbeat comes every 3 s and has the samples of the last 25 s, so no sample is lost at this pace. It is a little longer than the 5 s
 * for which a heartbeat is reused (`VpnProgress`).
 */
const EVERY_MS = 5_200;
/** The pace while no stream runs. The heartbeat after a stream's start still has its first samples. */
const QUIET_EVERY_MS = 15_000;

export interface StatisticsSource {
  /** The streams of each VPN, without VPNs whose workflow does not answer. */
  streams(): Promise<readonly { readonly vpn: string; readonly streams: readonly Stream[] }[]>;
  /** The samples that the VPN's worker has collected lately. */
  collected(vpn: string): Promise<SampleRecords>;
}

/** Copies the samples that the workers collect into the history, all the time, so that the history has no gaps. */
export class StatisticsPoll {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  /** By VPN. A VPN that is missing in an answer keeps its streams. */
  private readonly ids = new Map<string, readonly string[]>();

  constructor(
    private readonly source: StatisticsSource,
    private readonly history: StreamHistory,
    private readonly stale: StaleStreams,
    private readonly vpnCount: number,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** @returns whether a stream runs, or may run on a VPN whose streams are unknown */
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
    return playing.length > 0 || vpns.length < this.vpnCount;
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
