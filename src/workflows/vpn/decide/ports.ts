import type { ContainerId, EngineRef, Port } from '../../../domain/engine';
import { engineName } from '../../../domain/names';
import type { PortRange } from '../../../domain/settings';
import type { VpnData } from '../data';
import { hasUsableSnapshot, runningReplacements, unfinishedTargets } from '../data';

/** Ports for a new engine, and the containers (ids or names) that must be gone before it can start. */
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
 * The lowest free port of a range. If none is free, the port of an engine that is being released, for which the new engine waits: with
 * a range that is just large enough, old engine and new one do not run side by side.
 * @param evicted sorted by when they will be gone
 * @param never ports that are not given out
 */
function pick(range: PortRange, taken: Set<Port>, evicted: readonly EngineRef[], never: Set<Port>): Port | null {
  for (let port = range.first; port <= range.last; port++) {
    if (!taken.has(port) && !never.has(port)) return port;
  }
  const inRange = evicted.flatMap(portsOf).filter((p) => p >= range.first && p <= range.last && !never.has(p));
  return inRange[0] ?? null;
}

/**
 * HTTP and HTTPS port for a new engine. Only the VPN's workflow gives ports out. It avoids the ports of its engines, of engines being
 * released, of running replacements, of Gluetun, and the forwarded ports.
 * @param own number of the replacement that they are for
 * @param wantedHttpPort the HTTP port that it must be; null: any of the range
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

/** Ports that no new engine can have, not even after the engines that are being released are gone. */
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
  // A lost replacement may have made a container that the next snapshot will show.
  const lost = hasUsableSnapshot(data) ? [] : data.replacements.filter((r) => r.state === 'lost');
  for (const { target } of lost) if (target) for (const port of [target.httpPort, target.httpsPort]) never.add(port);
  for (const engine of data.engines) for (const port of portsOf(engine)) never.add(port);
  for (const { port } of data.takenPorts) never.add(port);

  const evictedIds = new Set(data.evicted.map((e) => e.id));
  // Ports of containers that nobody releases.
  for (const engine of observed) {
    if (!evictedIds.has(engine.id)) for (const port of portsOf(engine)) never.add(port);
  }
  return never;
}

/**
 * What a new engine must wait for: engines being released that hold one of its ports (ids), and containers that moved targets may have
 * left (names). With `oneAtATime` also all engines being released that have no other successor.
 * @param own number of the replacement that waits
 */
export function waitFor(data: VpnData, ports: readonly (Port | null)[], own: number): string[] {
  const holding = ports.flatMap((port) => holders(data.evicted, port));
  const inPlace = data.settings.oneAtATime ? withoutSuccessor(data, own) : [];
  return [...new Set([...holding, ...inPlace, ...leftByMovedTargets(data, own)])];
}

/** Engines being released that no other replacement than `own` replaces, surplus ones excepted. */
function withoutSuccessor(data: VpnData, own: number): ContainerId[] {
  const others = runningReplacements(data).filter(
    (r) => r.number !== own && (r.target !== null || r.cause === 'surplus'),
  );
  const notOurs = new Set(others.flatMap((r) => r.old.map((e) => e.id)));
  return data.evicted.map((e) => e.id).filter((id) => !notOurs.has(id));
}

/**
 * Names of containers that other plain replacements may have made before their targets moved. They are removed at once, so the wait is
 * short.
 */
function leftByMovedTargets(data: VpnData, own: number): string[] {
  return unfinishedTargets(data).flatMap(({ target, number }) => {
    // A replacement removes its own earlier container before it makes another.
    if (target?.role !== 'plain' || number === own) return [];
    const earlier = Array.from({ length: target.generation - 1 }, (_, i) => i + 1);
    return earlier.map((generation) => engineName('plain', data.settings.vpn, data.incarnation, number, generation));
  });
}
