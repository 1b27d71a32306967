import type { ContainerId, EngineRef, Port } from '../../../domain/engine';
import { engineName } from '../../../domain/names';
import type { PortRange } from '../../../domain/settings';
import type { VpnData } from '../data';
import { hasUsableSnapshot, runningReplacements, unfinishedTargets } from '../data';

/** Ports for a new engine, and the containers that must be gone before it can have them. */
export interface PortAllocation {
  readonly httpPort: Port;
  readonly httpsPort: Port;
  readonly waitFor: string[];
}

export class PortRangeUsedUp extends Error {
  constructor(range: PortRange, use: string) {
    super(
      `no free ${use} port: all of ${range.first}-${range.last} are taken or reserved; widen the range or lower MIN_REPLICAS`,
    );
    this.name = 'PortRangeUsedUp';
  }
}

function portsOf(engine: EngineRef): Port[] {
  return [engine.httpPort, engine.httpsPort, engine.p2pPort].filter((p): p is Port => p !== null);
}

/** Engines being released that still hold the port. */
function holders(evicted: readonly EngineRef[], port: Port | null): ContainerId[] {
  return port === null ? [] : evicted.filter((e) => portsOf(e).includes(port)).map((e) => e.id);
}

/**
 * The lowest free port. With none left over, the port of an engine that is being released, to be waited for: a
 * range with room for the wanted engines only makes replacements one after the other instead of side by side.
 * @param evicted the ones that go soonest first
 */
function pick(range: PortRange, taken: Set<Port>, evicted: readonly EngineRef[], never: Set<Port>): Port | null {
  for (let port = range.first; port <= range.last; port++) {
    if (!taken.has(port) && !never.has(port)) return port;
  }
  const inRange = evicted.flatMap(portsOf).filter((p) => p >= range.first && p <= range.last && !never.has(p));
  return inRange[0] ?? null;
}

/**
 * Gives out HTTP and HTTPS ports. The VPN workflow is the only one that does, from all it knows to be in use:
 * its engines, the ones being released, running replacements, the forwarded ports, Gluetun's own.
 * @param wantedHttpPort the one that it must be; null: any of the range
 */
export function allocate(
  data: VpnData,
  p2pPort: Port | null,
  own: number,
  wantedHttpPort: Port | null = null,
): PortAllocation {
  const { settings } = data;
  const never = unavailablePorts(data, p2pPort);
  const draining = new Set(runningReplacements(data).flatMap((r) => r.draining));
  const soonestFirst = data.evicted.toSorted((a, b) => Number(draining.has(a.id)) - Number(draining.has(b.id)));
  const taken = new Set<Port>(never);
  for (const engine of [...data.evicted, ...(data.snapshot?.found ?? [])])
    for (const port of portsOf(engine)) taken.add(port);

  const httpRange = wantedHttpPort === null ? settings.httpPorts : { first: wantedHttpPort, last: wantedHttpPort };
  const httpPort = pick(httpRange, taken, soonestFirst, never);
  if (httpPort === null) throw new PortRangeUsedUp(httpRange, 'HTTP');
  taken.add(httpPort);
  never.add(httpPort);
  const httpsPort = pick(settings.httpsPorts, taken, soonestFirst, never);
  if (httpsPort === null) throw new PortRangeUsedUp(settings.httpsPorts, 'HTTPS');
  return { httpPort, httpsPort, waitFor: waitFor(data, [httpPort, httpsPort, p2pPort], own) };
}

/** Ports that no new engine can have, not even when those that are being released are gone. */
export function unavailablePorts(data: VpnData, p2pPort: Port | null): Set<Port> {
  const observed = data.snapshot?.found ?? [];
  const never = new Set<Port>(data.settings.reservedPorts);
  const controlPort = data.snapshot?.vpn.kind === 'present' ? data.snapshot.vpn.controlPort : null;
  for (const port of [p2pPort, data.port.last, controlPort ?? null]) if (port !== null) never.add(port);
  for (const engine of [...data.engines, ...observed]) if (engine.p2pPort !== null) never.add(engine.p2pPort);
  for (const { target } of unfinishedTargets(data)) {
    if (target) for (const port of [target.httpPort, target.httpsPort]) never.add(port);
  }
  for (const { givenUp } of runningReplacements(data)) {
    if (givenUp) for (const port of [givenUp.httpPort, givenUp.httpsPort]) never.add(port);
  }
  // What one that is lost had made by then is shown by the next snapshot.
  const lost = hasUsableSnapshot(data) ? [] : data.replacements.filter((r) => r.state === 'lost');
  for (const { target } of lost) if (target) for (const port of [target.httpPort, target.httpsPort]) never.add(port);
  for (const engine of data.engines) for (const port of portsOf(engine)) never.add(port);
  for (const { port } of data.takenPorts) never.add(port);

  const evictedIds = new Set(data.evicted.map((e) => e.id));
  // What Docker holds and no replacement releases can't be waited for.
  for (const engine of observed) {
    if (!evictedIds.has(engine.id)) for (const port of portsOf(engine)) never.add(port);
  }
  return never;
}

/**
 * Every engine being released that holds one of the ports, by id, and what moved targets have left, by name. Where no engine
 * may run beside the one whose place it takes, also all that have no other successor.
 * @param own number of the replacement that waits
 */
export function waitFor(data: VpnData, ports: readonly (Port | null)[], own: number): string[] {
  const holding = ports.flatMap((port) => holders(data.evicted, port));
  const inPlace = data.settings.oneAtATime ? withoutSuccessor(data, own) : [];
  return [...new Set([...holding, ...inPlace, ...leftByMovedTargets(data, own)])];
}

/** Engines being released whose place no other replacement than `own` takes, and that were not one too many. */
function withoutSuccessor(data: VpnData, own: number): ContainerId[] {
  const others = runningReplacements(data).filter(
    (r) => r.number !== own && (r.target !== null || r.cause === 'surplus'),
  );
  const notOurs = new Set(others.flatMap((r) => r.old.map((e) => e.id)));
  return data.evicted.map((e) => e.id).filter((id) => !notOurs.has(id));
}

/**
 * Names of the containers that plain replacements had begun to make when their ports were taken from them. They go at
 * once, so whoever gets those ports only has to wait a moment.
 */
function leftByMovedTargets(data: VpnData, own: number): string[] {
  return unfinishedTargets(data).flatMap(({ target, number }) => {
    // A replacement removes what it has made itself, before it makes anew.
    if (target?.role !== 'plain' || number === own) return [];
    const earlier = Array.from({ length: target.generation - 1 }, (_, i) => i + 1);
    return earlier.map((generation) => engineName('plain', data.settings.vpn, data.lineage, number, generation));
  });
}
