import { unknownVpnJson, vpnJson } from '../present/vpn';
import type { Reads } from '../reads/reads';
import type { EngineJson, VpnJson } from '../schemas/engines';
import { vpnWorkflowId } from '../../domain/names';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import type { CountedStream, StreamSource } from './streams';

/** One VPN at the time of a scrape. */
export interface VpnMetricsView {
  readonly name: string;
  readonly json: VpnJson;
  /** Null while the workflow does not answer. */
  readonly view: VpnStatusView | null;
  /** Seconds since the workflow's last answer; null: it has not answered yet. */
  readonly staleSeconds: number | null;
}

/** What one scrape of `/metrics` shows. */
export interface MetricsView {
  /** Null while there is no list. */
  readonly engines: readonly EngineJson[] | null;
  readonly streams: readonly CountedStream[] | null;
  readonly staleStreams: number;
  readonly vpns: readonly VpnMetricsView[];
}

export async function gatherMetricsView(reads: Reads, instance: string, streams: StreamSource): Promise<MetricsView> {
  const [engines, list, vpns] = await Promise.all([
    reads.engines(),
    streams.list(),
    Promise.all(reads.names.map((name) => vpnMetricsView(reads, instance, name))),
  ]);
  return {
    engines: engines.kind === 'list' ? engines.engines : null,
    streams: list,
    staleStreams: streams.staleDetected(),
    vpns,
  };
}

async function vpnMetricsView(reads: Reads, instance: string, name: string): Promise<VpnMetricsView> {
  const read = await reads.status(name);
  if (read.kind === 'none') {
    const json = unknownVpnJson(name, vpnWorkflowId(instance, name), read.reason);
    return { name, json, view: null, staleSeconds: null };
  }
  const staleSeconds = read.kind === 'stale' ? read.seconds : 0;
  const json = vpnJson(read.value, null, read.kind === 'stale' ? read.seconds : null);
  return { name, json, view: read.kind === 'fresh' ? read.value : null, staleSeconds };
}
