import { Gauge, Counter, type Registry } from 'prom-client';
import type { MetricsView, VpnMetricsView } from './view';
import type { CountedStream, Transferred } from './streams';

// The metrics that existing dashboards query. Names and types are fixed, so most of the metrics called totals are gauges.

const HEALTH = ['healthy', 'unhealthy', 'unknown', 'disabled', 'starting'];

export function contractMetrics(registry: Registry, view: MetricsView, transferred: Transferred): void {
  const { engines, streams, vpns } = view;
  const number = (name: string, help: string, value: number | null) => {
    const gauge = new Gauge({ name: `orch_${name}`, help, registers: [registry] });
    // An unknown value has no sample, rather than 0.
    if (value === null) gauge.remove();
    else gauge.set(value);
  };
  const listed = (matches: (e: NonNullable<MetricsView['engines']>[number]) => boolean) =>
    engines === null ? null : engines.filter(matches).length;

  number(
    'healthy_engines',
    'Engines that answer',
    listed((e) => e.health_status === 'healthy'),
  );
  number(
    'unhealthy_engines',
    'Engines that do not answer',
    listed((e) => e.health_status === 'unhealthy'),
  );
  const started = streams?.filter((s) => s.status === 'started') ?? null;
  number('used_engines', 'Engines with a stream', started && new Set(started.map((s) => s.container_id)).size);
  number('extra_engines', 'Engines beyond MIN_REPLICAS', engines && extra(engines.length, vpns));
  const [first, second] = vpns;
  number('vpn1_engines', 'Engines on the first VPN', first ? listed((e) => e.vpn_container === first.name) : 0);
  number('vpn2_engines', 'Engines on the second VPN', second ? listed((e) => e.vpn_container === second.name) : 0);

  const health = (name: string, help: string, vpn: VpnMetricsView | undefined) => {
    const gauge = new Gauge({ name, help, labelNames: [name], registers: [registry] });
    // While the VPN's workflow does not answer, the health is unknown.
    const current = vpn ? (vpn.view === null ? 'unknown' : vpn.json.health) : 'disabled';
    for (const state of HEALTH) gauge.set({ [name]: state }, state === current ? 1 : 0);
  };
  health('orch_vpn_health', 'Health of the first VPN', first);
  health('orch_vpn1_health', 'Health of the first VPN', first);
  health('orch_vpn2_health', 'Health of the second VPN', second);

  const sum = (of: (s: CountedStream) => number | null) =>
    started && started.reduce((total, stream) => total + (of(stream) ?? 0), 0);
  if (streams !== null) transferred.add(streams);
  number('total_streams', 'Running streams', started && started.length);
  number(
    'total_peers',
    'Peers of all streams',
    sum((s) => s.peers),
  );
  number('total_upload_speed_mbps', 'Upload of all streams in MB/s, in spite of the name', megabytes(sum(speedUp)));
  number(
    'total_download_speed_mbps',
    'Download of all streams in MB/s, in spite of the name',
    megabytes(sum(speedDown)),
  );
  number('total_uploaded_bytes', 'Bytes uploaded by streams since the API started', transferred.uploaded);
  number('total_downloaded_bytes', 'Bytes downloaded by streams since the API started', transferred.downloaded);
  const stale = new Counter({
    name: 'orch_stale_streams_detected_total',
    help: 'Streams that were ended because their engines did not know them',
    registers: [registry],
  });
  stale.inc(view.staleStreams);
}

/** From KB/s, the unit of engines, to MB/s. */
const megabytes = (kilobytes: number | null) => kilobytes && kilobytes / 1024;
const speedUp = (stream: CountedStream) => stream.speed_up;
const speedDown = (stream: CountedStream) => stream.speed_down;

/** Null while a VPN's workflow does not answer, because its target is unknown then. */
function extra(engines: number, vpns: readonly VpnMetricsView[]): number | null {
  let targets = 0;
  for (const { view } of vpns) {
    if (view === null) return null;
    targets += Math.max(1, view.ownTarget);
  }
  return Math.max(0, engines - targets);
}
