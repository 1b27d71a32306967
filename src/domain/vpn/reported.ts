import type { ContainerId } from '../engine';
import { label } from '../names';
import type {
  Observation,
  ObservedEngine,
  PortReading,
  Snapshot,
  UnreachableDocker,
  VpnObservation,
} from './observation';

/** What replacements are working on. They report it themselves, so an observation does not. */
export interface Busy {
  /** Engines being released: only that they are gone counts as a change. */
  readonly evicted: readonly ContainerId[];
  /** Values of the label `portward.replacement`: containers with one of these are being made. */
  readonly replacements: readonly string[];
}

/** Engines in full in one observation, which is a history event and must stay small. */
const FOUND_AT_MOST = 40;

/** The engines that an observation has to hold in full, since the caller does not know them. @param accounted the ones that it knows */
export function introduced(
  seen: readonly ObservedEngine[],
  accounted: readonly ContainerId[],
  busy: Busy,
): Pick<Snapshot, 'found' | 'complete'> {
  const strangers = seen.filter((e) => !accounted.includes(e.id));
  // Engines that replacements are making can wait. The caller needs all others before it may decide.
  const isMade = (e: ObservedEngine) => busy.replacements.includes(e.labels[label.replacement] ?? '');
  const urgent = strangers.filter((e) => !isMade(e));
  return {
    found: [...urgent, ...strangers.filter(isMade)].slice(0, FOUND_AT_MOST),
    complete: urgent.length <= FOUND_AT_MOST,
  };
}

/** The last observation that the VPN's workflow was given, as far as the next one is compared with it. */
export type LastReported =
  Pick<Snapshot, 'kind' | 'vpn' | 'port' | 'publicIp' | 'engines' | 'withheld' | 'imagePresent'> | UnreachableDocker;

/** A snapshot without the engines that replacements are making. */
export function asReported(snapshot: Snapshot, busy: Busy): LastReported {
  const { kind, vpn, port, publicIp, engines, withheld, found, imagePresent } = snapshot;
  const inWork = new Set(
    found.filter((e) => busy.replacements.includes(e.labels[label.replacement] ?? '')).map((e) => e.id),
  );
  const others = engines.filter((e) => !inWork.has(e.id));
  return {
    kind,
    vpn,
    port,
    engines: others,
    imagePresent,
    ...(publicIp === undefined ? {} : { publicIp }),
    ...(withheld === undefined ? {} : { withheld }),
  };
}

/** A reading in one comparable word or two. The reason for having no port is left out: `isReworded` compares that. */
function portSays(port: PortReading): string {
  if (port.kind === 'known') return `port ${port.port}`;
  if (port.kind !== 'unknown') return port.kind;
  if (port.stopped === true) return 'stopped';
  return port.none ? 'none' : 'unclear';
}

/** The VPN in comparable form. Of a container that Docker keeps restarting the exit code is left out: it may differ each time. */
function vpnSays(vpn: VpnObservation): unknown {
  if (vpn.kind === 'absent') return vpn;
  const { down, ...rest } = vpn;
  return [rest, down?.state === 'restarting' ? [down.state, down.exitCode !== null] : down];
}

/** Everything that can change a decision, in one comparable string. The times of snapshots are not in it. */
function essence(observed: LastReported, busy: Busy): string {
  // Each failed call may word it differently; for decisions it is the same.
  if (observed.kind === 'unreachable') return 'unreachable';
  const { vpn, port, engines, withheld = [], imagePresent } = observed;
  return JSON.stringify([
    vpnSays(vpn),
    portSays(port),
    engines
      .map((e) => (busy.evicted.includes(e.id) ? [e.id] : [e.id, e.running, e.startedAt, e.networkOf, e.health]))
      .toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
    withheld.filter((id) => !busy.evicted.includes(id)).toSorted(),
    imagePresent,
  ]);
}

/** Whether the public address has changed; false while it is unknown. */
function hasAnotherAddress(last: LastReported, seen: LastReported): boolean {
  if (last.kind === 'unreachable' || seen.kind === 'unreachable' || seen.publicIp === undefined) return false;
  return seen.publicIp.address !== last.publicIp?.address;
}

/** Whether what is seen differs from what was last reported in anything that can change a decision. */
export function hasChanged(last: LastReported | null, seen: Observation, busy: Busy): boolean {
  if (last === null) return true;
  const now = seen.kind === 'snapshot' ? asReported(seen, busy) : seen;
  if (hasAnotherAddress(last, now)) return true;
  if (
    last.kind === 'snapshot' &&
    now.kind === 'snapshot' &&
    (now.port.kind === 'pending' || now.port.kind === 'unasked')
  ) {
    return essence({ ...last, port: now.port }, busy) !== essence(now, busy);
  }
  return essence(last, busy) !== essence(now, busy);
}

/**
 * Whether the port can't be read, or Docker can't be asked, for another reason than was last reported. People want to know it; no
 * decision depends on it.
 */
export function isReworded(last: LastReported | null, seen: Observation): boolean {
  // A broken connection says less than the reason before it.
  if (last?.kind === 'unreachable' && seen.kind === 'unreachable')
    return seen.cause !== last.cause && seen.cause !== 'broken';
  if (last?.kind !== 'snapshot' || seen.kind !== 'snapshot') return false;
  return last.port.kind === 'unknown' && seen.port.kind === 'unknown' && last.port.reason !== seen.port.reason;
}
