import { once } from 'node:events';
import type { ObserveProgress } from '../src/activities/observe';
import type { VpnLists, VpnSource } from '../src/api/vpn-source';
import type { GrowthListener } from '../src/temporal/history-growth';
import { listing } from '../src/workflows/listing';
import type { NewsAnswer, VpnReport } from '../src/workflows/messages';

/** A VPN of which only pictures are made: it is as it is, and nothing can be done to it. */
export class SampleSource implements VpnSource {
  readonly vpn: string;

  constructor(private readonly report: VpnReport) {
    this.vpn = report.settings.vpn;
  }

  async follow({ grown }: GrowthListener, signal: AbortSignal): Promise<void> {
    grown({ settled: true, addressed: true, begun: [], ended: [], onlySignals: null });
    if (!signal.aborted) await once(signal, 'abort');
  }

  async lists(): Promise<VpnLists> {
    const { report } = this;
    return {
      engines: { version: '1', engines: listing(report, Date.now()) ?? [], hidden: [], current: true },
      streams: { version: '1', streams: report.streams },
    };
  }

  async state(): Promise<VpnReport> {
    return this.report;
  }

  async news(): Promise<NewsAnswer> {
    return this.report;
  }

  async progress(): Promise<ObserveProgress | null> {
    return null;
  }

  private refused(): Promise<never> {
    return Promise.reject(new Error('this is only a picture'));
  }

  tellStreams = () => this.refused();
  recheck = () => this.refused();
  replace = () => this.refused();
  replaceLater = () => this.refused();
  resetBreaker = () => this.refused();
  provision = () => this.refused();
  remove = () => this.refused();
  collectGarbage = () => this.refused();
}
