import { Gauge, Registry, type Metric } from 'prom-client';
import type { Reads } from '../reads/reads';
import { contractMetrics } from './contract-metrics';
import { gatherMetricsView } from './view';
import { Transferred, type StreamSource } from './streams';
import { vpnGauges } from './vpn-gauges';

export interface ScrapeOptions {
  readonly reads: Reads;
  readonly instance: string;
  readonly streams: StreamSource;
  /** Counters that keep their value from scrape to scrape. */
  readonly counters: readonly Metric[];
  /** Reads the metrics of the worker in this process; null: there is none. */
  readonly workerMetrics: (() => Promise<string>) | null;
}

/** Makes the answer to a scrape. Gauges are created for each scrape, so that a VPN or a state that is gone leaves no sample behind. */
export class Scrape {
  private readonly transferred = new Transferred();

  constructor(private readonly options: ScrapeOptions) {}

  async text(): Promise<string> {
    const { reads, instance, streams, counters, workerMetrics } = this.options;
    const [view, ofWorker] = await Promise.all([
      gatherMetricsView(reads, instance, streams),
      workerMetrics === null ? null : workerMetrics().catch(() => null),
    ]);
    const registry = new Registry();
    contractMetrics(registry, view, this.transferred);
    vpnGauges(registry, view, Date.now());
    for (const counter of counters) registry.registerMetric(counter);
    if (workerMetrics !== null) {
      new Gauge({
        name: 'portward_worker_metrics_up',
        help: "Whether the worker's metrics are part of this answer",
        registers: [registry],
      }).set(ofWorker === null ? 0 : 1);
    }
    const own = (await registry.metrics()).trimEnd();
    return `${own}\n${ofWorker === null ? '' : `${ofWorker.trimEnd()}\n`}`;
  }
}
