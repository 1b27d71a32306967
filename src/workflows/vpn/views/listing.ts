import type { Instant, ListedEngine, Port } from '../../../domain/engine';
import type { HiddenEngine } from '../../../domain/vpn/listing';
import { isHealthy } from '../../../domain/vpn/observation';
import { startedOn } from '../streams';
import { bootingEngines, validPort, type VpnData } from '../data';

/**
 * The engines that a proxy may use; null before the first snapshot, and while snapshots have shown only some of the engines. An engine
 * is listed once it has answered (I6) while its VPN is healthy. At most one is forwarded, on the VPN's last observed port (I1).
 */
export function listing(data: VpnData, now: Instant): ListedEngine[] | null {
  return listedOn(data, validPort(data, now));
}

/** The engines that a proxy might use if `port` were the VPN's port; null as for `listing`. */
export function listedOn(data: VpnData, port: Port | null): ListedEngine[] | null {
  if (data.snapshot === null) return null;
  if (!isHealthy(data.snapshot.vpn)) return [];
  if (!data.snapshot.complete) return null;
  const { withheld = [] } = data.snapshot;
  const usable = data.engines.filter((e) => e.ready && !e.cutOff && !withheld.includes(e.id));
  const forwarded = usable.find((e) => e.role === 'forwarded' && port !== null && e.p2pPort === port);
  return usable.map((e) => ({
    ...e,
    forwarded: e === forwarded,
    streams: startedOn(data.streams, e.id).map((s) => s.id),
  }));
}

/** Engines that are not listed and may have streams. A caller may report a stream on an engine that it asked for before that is listed. */
export function hidden(data: VpnData, listed: readonly ListedEngine[]): HiddenEngine[] {
  const shown = new Set(listed.map((e) => e.id));
  const others = [...data.engines, ...data.evicted, ...bootingEngines(data)].filter(
    (e) => !shown.has(e.id) && !data.sealed.includes(e.id),
  );
  return others.map(({ id, name, httpPort }) => ({ id, name, httpPort }));
}
