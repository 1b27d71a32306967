import type { ContainerId, Engine, Instant } from '../../../domain/engine';
import {
  isCalledUnhealthy,
  isHealthy,
  session,
  startedBefore,
  type EngineCondition,
  type ObservedEngine,
  type PortReading,
  type Snapshot,
  type VpnObservation,
} from '../../../domain/vpn/observation';
import { exitSeen, interrupted, noExitAddress, type ExitAddress } from './exit-address';
import { seenAgain } from '../decide/backoff';
import { hadPortFor, isPortLost, wasWellFor, type Remedies } from '../decide/remedies';
import { noPort, type PortKnowledge, type VpnData } from '../data';

// Combines a snapshot with what was known before.

export function adopt(observed: ObservedEngine, vpn: VpnObservation): Engine {
  const { id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt, health, startedAt } = observed;
  const ready = health === 'healthy';
  const cutOff = startedBefore(startedAt, vpn);
  return {
    id,
    name,
    role,
    httpPort,
    httpsPort,
    p2pPort,
    labels,
    firstSeen: createdAt,
    ready,
    health,
    run: startedAt,
    lastUsedAt: null,
    cutOff,
  };
}

/** A known engine, as a snapshot shows it. @param newSession the VPN's container was started since the snapshot before */
export function refreshed(
  engine: Engine,
  seen: EngineCondition | undefined,
  vpn: VpnObservation,
  newSession: boolean,
): Engine {
  if (!seen) return engine;
  const { startedAt, health } = seen;
  const sameRun = startedAt === null || engine.run === null || startedAt === engine.run;
  // Docker goes on calling an engine running whose network is gone, and on its own loopback it may even answer. The start times of
  // engine and VPN are compared only where both were started since the last snapshot: the clock may have been set before.
  const cutOff = newSession
    ? engine.run !== null && sameRun
      ? true
      : startedBefore(startedAt, vpn)
    : engine.cutOff && sameRun;
  const known = { ...engine, run: startedAt ?? engine.run, cutOff };
  if (!sameRun) return { ...known, health, ready: health === 'healthy' };
  if (health === 'unknown') return known;
  return { ...known, health, ready: engine.ready || health === 'healthy' };
}

/** The known engines while another Portward acts: without those that it has removed, and with ended ones as not ready. */
export function stillThere(
  engines: readonly Engine[],
  seen: ReadonlyMap<ContainerId, EngineCondition>,
): readonly Engine[] {
  return engines
    .filter((e) => seen.has(e.id))
    .map((e) => (seen.get(e.id)?.running === true ? e : { ...e, ready: false, health: 'unknown' }));
}

/** What is known of the port after a reading. */
export function learn(port: PortKnowledge, reading: PortReading, at: Instant): PortKnowledge {
  if (reading.kind === 'known') {
    const { at: readAt, index } = reading;
    return {
      last: reading.port,
      read: readAt === undefined || index === undefined ? null : { port: reading.port, at: readAt, index },
      unknownSince: null,
      reason: null,
      noneSince: null,
      stopped: false,
      knownSince: port.knownSince ?? at,
    };
  }
  if (reading.kind !== 'unknown') return port;
  const stopped = reading.stopped === true;
  // After its owner has started the VPN again, the time for getting a port begins anew.
  const noneBefore = port.stopped && !stopped ? null : port.noneSince;
  return {
    ...port,
    unknownSince: port.unknownSince ?? at - reading.forMs,
    reason: reading.reason,
    noneSince: noneBefore ?? (reading.none ? at : null),
    stopped,
    knownSince: null,
  };
}

function isRunning(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running;
}

/** Whether the VPN's container has been started since the snapshot before. */
export function isNewSession(before: VpnData, snapshot: Snapshot): boolean {
  return before.snapshot !== null && session(before.snapshot.vpn) !== session(snapshot.vpn);
}

/** The lost port after a snapshot. @param data the state with the rest of that snapshot */
export function portLostAfter(data: VpnData, newSession: boolean): VpnData['portLost'] {
  const { snapshot, port, portLost } = data;
  if (snapshot?.port.kind === 'known') return null;
  // The container was made anew without port forwarding: it is not to have a port.
  if (newSession && snapshot?.vpn.kind === 'present' && !snapshot.vpn.portForwarding) return null;
  if (portLost !== null || port.last === null || !isPortLost(data)) return portLost;
  return { port: port.last, since: port.unknownSince ?? data.snapshot?.at ?? 0 };
}

/** What a snapshot changes of the VPN itself: its port, its outages, and the counts of remedies. */
export function vpnSeen(
  before: VpnData,
  snapshot: Snapshot,
  at: Instant,
): Pick<
  VpnData,
  'port' | 'healthySince' | 'outageSince' | 'exit' | 'reconnectedAt' | 'portChanges' | 'reconnects' | 'remedies'
> {
  const sameSession = !isNewSession(before, snapshot);
  const healthy = isHealthy(snapshot.vpn);
  const learned = learn(sameSession ? before.port : noPort, snapshot.port, at);
  // Only a healthy VPN can lose its port: after an outage the wait for the port begins anew.
  const port = healthy ? learned : { ...learned, noneSince: null };
  const unhealthy = isCalledUnhealthy(snapshot.vpn);
  // After a restart of Docker itself the container's health is 'starting' again.
  const lasts = before.outageSince !== null && !healthy && isRunning(snapshot.vpn);
  const recovered = sameSession && before.outageSince !== null && healthy;
  const changed = sameSession && before.port.last !== null && port.last !== before.port.last;
  const tunnel = exitSeen(exitBefore(before, snapshot, port, at), snapshot.publicIp, at);
  const reconnectedAt = recovered ? at : tunnel.reconnectedAt;
  const portGone = before.port.knownSince !== null && port.knownSince === null;
  const remedies: Remedies = {
    ...before.remedies,
    ...(snapshot.port.kind === 'known' ? { halfDone: null, hanging: null } : {}),
    ...(!healthy && wasWellFor(before.healthySince, at) ? { containerRestarts: 0 } : {}),
    ...(!sameSession || (portGone && hadPortFor(before.port.knownSince, at)) ? { vpnRestarts: 0 } : {}),
  };
  return {
    port,
    remedies,
    healthySince: healthy ? (before.healthySince ?? at) : null,
    outageSince: sameSession && lasts ? before.outageSince : unhealthy ? at : null,
    exit: tunnel.exit,
    reconnectedAt: reconnectedAt ?? (sameSession ? before.reconnectedAt : null),
    portChanges: changed ? seenAgain(before.portChanges, at) : before.portChanges,
    reconnects: reconnectedAt === null ? before.reconnects : seenAgain(before.reconnects, at),
  };
}

/** The address with which a new read is compared: not one of another session, nor one from before an outage. */
function exitBefore(before: VpnData, snapshot: Snapshot, port: PortKnowledge, at: Instant): ExitAddress {
  if (before.snapshot === null) return before.exit;
  if (isNewSession(before, snapshot) || !isHealthy(snapshot.vpn)) return interrupted(noExitAddress, at);
  const hadPort = before.port.last !== null;
  const wasKnown = before.port.knownSince !== null;
  const isKnown = port.knownSince !== null;
  return hadPort && (wasKnown !== isKnown || before.port.last !== port.last)
    ? interrupted(before.exit, at)
    : before.exit;
}

/** The VPN was restarted inside its container. Where its address is known, the next read shows whether the tunnel is another one. */
export function reconnectedByRemedy(
  { exit, reconnects }: VpnData,
  now: Instant,
): Partial<Pick<VpnData, 'exit' | 'reconnectedAt' | 'reconnects'>> {
  if (exit.current !== null) return { exit: interrupted(exit, now) };
  return { exit: interrupted(exit, now), reconnectedAt: now, reconnects: seenAgain(reconnects, now) };
}
