import { once } from 'node:events';
import type { ObserveProgress } from '../src/activities/observe/observe';
import type { VpnLists, VpnSource } from '../src/gateways/vpn-source';
import type { EventLog } from '../src/domain/event-log';
import type { VpnStatusView } from '../src/domain/vpn/status-view';
import type { GrowthListener } from '../src/gateways/history-follower';
import { listing } from '../src/workflows/vpn/views/listing';
import { statusView } from '../src/workflows/vpn/views/status-view';
import type { VpnData } from '../src/workflows/vpn/data';

/** A VPN with fixed data instead of a workflow. It rejects everything that would change it. */
export class SampleSource implements VpnSource {
  readonly vpn: string;

  constructor(private readonly data: VpnData) {
    this.vpn = data.settings.vpn;
  }

  async follow({ grown }: GrowthListener, signal: AbortSignal): Promise<void> {
    grown({ settled: true, hasMessage: true, startedChildren: [], completedActivities: [], onlySignals: null });
    if (!signal.aborted) await once(signal, 'abort');
  }

  async lists(): Promise<VpnLists> {
    const { data } = this;
    return {
      engines: { version: '1', engines: listing(data, Date.now()) ?? [], hidden: [], current: true },
      streams: { version: '1', streams: data.streams },
    };
  }

  async status(): Promise<VpnStatusView> {
    return statusView(this.data);
  }

  async events(): Promise<EventLog> {
    return this.data;
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
