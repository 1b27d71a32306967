import type { Instant } from '../../../domain/engine';
import { isCalledUnhealthy, isHealthy, session } from '../../../domain/vpn/observation';
import type { RemedyKind, RemedyReason } from '../../../domain/vpn/remedy';
import { growingPause } from '../../../lib/growing-pauses';
import type { VpnData } from '../data';

export interface Remedy {
  readonly kind: RemedyKind;
  readonly reason: RemedyReason;
  /** The session that it is for. Once the container has been restarted the remedy is not carried out. */
  readonly session: string;
  readonly startedAt: Instant;
}

/**
 * Why an attempt failed. `refused`: nothing was changed, and no retry would change anything. `VPN stopped`: the VPN's owner has stopped
 * it, so it was left alone. `hangs`: the control server does not answer. `failed`: anything else; part of it may have been done.
 */
export interface RemedyFailure {
  readonly kind: 'refused' | 'VPN stopped' | 'hangs' | 'failed';
  readonly message: string;
}

export interface Remedies {
  /** The remedy under way; null: none. `error`: why its last attempt failed, while it is tried again. */
  readonly running: (Remedy & { readonly error: string | null }) | null;
  readonly last: { readonly remedy: Remedy; readonly endedAt: Instant; readonly error: string | null } | null;
  /** How many there were since the VPN was last healthy for long. */
  readonly containerRestarts: number;
  /** When the last of them ended. */
  readonly containerRestartedAt: Instant | null;
  /** How many there were since the port was last known for long, or the container was started. */
  readonly vpnRestarts: number;
  /** The session in which Portward may have stopped the VPN without starting it again; null: there is none. */
  readonly halfDone: string | null;
  /** The session in which the control server was found to hang; null: it was not. */
  readonly hanging: string | null;
}

export const noRemedies: Remedies = {
  running: null,
  last: null,
  containerRestarts: 0,
  containerRestartedAt: null,
  vpnRestarts: 0,
  halfDone: null,
  hanging: null,
};

/** After so long in good health the pauses are short again. */
const WELL_FOR_MS = 10 * 60_000;
const PORT_WELL_FOR_MS = 30 * 60_000;
const LONGEST_PAUSE_MS = 30 * 60_000;
/** Pauses after the first and the second restart of the VPN; after the third it is only reported. */
const VPN_RESTART_PAUSES_MS = [60_000, 30 * 60_000] as const;
export const VPN_RESTARTS_AT_MOST = VPN_RESTART_PAUSES_MS.length + 1;

export function wasWellFor(since: Instant | null, now: Instant): boolean {
  return since !== null && now - since >= WELL_FOR_MS;
}

export function hadPortFor(since: Instant | null, now: Instant): boolean {
  return since !== null && now - since >= PORT_WELL_FOR_MS;
}

/** Whether the VPN should have a port: its environment asks for one, or it had one in this session. */
export function expectsPort({ snapshot, port }: Pick<VpnData, 'snapshot' | 'port'>): boolean {
  return port.last !== null || (snapshot?.vpn.kind === 'present' && snapshot.vpn.portForwarding);
}

/** Whether the VPN has lost a port that it should have. */
export function isPortLost(data: VpnData): boolean {
  const { snapshot, port } = data;
  if (!snapshot || snapshot.vpn.kind !== 'present' || !isHealthy(snapshot.vpn)) return false;
  if (snapshot.port.kind !== 'unknown' || !snapshot.port.none || port.noneSince === null) return false;
  return expectsPort(data);
}

/** Whether the VPN is stopped inside its container, and Portward has no part in that. */
export function isStoppedByOwner({ snapshot, port, remedies }: VpnData): boolean {
  if (!port.stopped || !snapshot || !isHealthy(snapshot.vpn)) return false;
  return remedies.running?.kind !== 'restart VPN' && remedies.halfDone !== session(snapshot.vpn);
}

/** Whether the control server was found to hang in this session, and no port has been read since. */
export function isHanging({ snapshot, remedies }: VpnData): boolean {
  return snapshot?.vpn.kind === 'present' && snapshot.vpn.running && remedies.hanging === session(snapshot.vpn);
}

type Next = { readonly remedy: Omit<Remedy, 'startedAt'>; readonly at: Instant };

/** The next remedy, and when it is due; null: none is needed. */
export function nextRemedy(data: VpnData): Next | null {
  const { snapshot, remedies } = data;
  if (!snapshot || remedies.running !== null) return null;
  const current = session(snapshot.vpn);
  return current === null ? null : (containerRestart(data, current) ?? vpnRestart(data, current));
}

function containerRestart(data: VpnData, current: string): Next | null {
  const { snapshot, settings, remedies, outageSince } = data;
  const { unhealthyRestartMs } = settings;
  if (!snapshot || unhealthyRestartMs === 0) return null;
  const { containerRestarts, containerRestartedAt } = remedies;
  const doubled = growingPause(unhealthyRestartMs, LONGEST_PAUSE_MS, containerRestarts);
  const wait = Math.max(doubled, unhealthyRestartMs);
  // After a restart that failed, the outage goes on: its beginning alone would make the next restart due at once.
  const again = containerRestarts === 0 || containerRestartedAt === null ? 0 : containerRestartedAt + wait;
  const remedy = { kind: 'restart container', session: current } as const;
  if (outageSince !== null && isCalledUnhealthy(snapshot.vpn))
    return { remedy: { ...remedy, reason: 'unhealthy' }, at: Math.max(outageSince + wait, again) };
  // The wait for the port has been long already.
  return isHanging(data) ? { remedy: { ...remedy, reason: 'control server hangs' }, at: again } : null;
}

function vpnRestart(data: VpnData, current: string): Next | null {
  const { settings, remedies } = data;
  const { noneSince } = data.port;
  if (!isPortLost(data) || isStoppedByOwner(data) || noneSince === null || settings.portLostMs === 0) return null;
  if (remedies.vpnRestarts >= VPN_RESTARTS_AT_MOST) return null;
  const pause = VPN_RESTART_PAUSES_MS[remedies.vpnRestarts - 1] ?? 0;
  const at = Math.max(noneSince + settings.portLostMs, (remedies.last?.endedAt ?? 0) + pause);
  return { remedy: { kind: 'restart VPN', reason: 'port lost', session: current }, at };
}

export function begun(remedies: Remedies, remedy: Remedy): Remedies {
  const { containerRestarts, vpnRestarts } = remedies;
  const running = { ...remedy, error: null };
  return remedy.kind === 'restart container'
    ? { ...remedies, running, containerRestarts: containerRestarts + 1 }
    : { ...remedies, running, vpnRestarts: vpnRestarts + 1 };
}

/** An attempt has failed, and another one follows. */
export function failing(remedies: Remedies, remedy: Remedy, failure: RemedyFailure): Remedies {
  return { ...afterFailure(remedies, remedy, failure), running: { ...remedy, error: failure.message } };
}

/** The remedy has ended. @param failure null: it was carried out, or was not needed any more */
export function ended(remedies: Remedies, remedy: Remedy, failure: RemedyFailure | null, now: Instant): Remedies {
  // It does not count as a restart.
  if (failure?.kind === 'VPN stopped')
    return { ...remedies, running: null, vpnRestarts: Math.max(0, remedies.vpnRestarts - 1) };
  const known = failure
    ? afterFailure(remedies, remedy, failure)
    : remedy.kind === 'restart VPN'
      ? { ...remedies, halfDone: null }
      : remedies;
  return {
    ...known,
    running: null,
    last: { remedy, endedAt: now, error: failure?.message ?? null },
    containerRestartedAt: remedy.kind === 'restart container' ? now : remedies.containerRestartedAt,
  };
}

function afterFailure(remedies: Remedies, { kind, session: of }: Remedy, failure: RemedyFailure): Remedies {
  if (kind === 'restart container') return remedies;
  if (failure.kind === 'hangs') return { ...remedies, halfDone: of, hanging: of };
  return failure.kind === 'failed' ? { ...remedies, halfDone: of } : remedies;
}

/** Why the running or the last remedy of that kind fails, as long as the session for which it was lasts; else null. */
export function remedyError(data: VpnData, kind: RemedyKind): string | null {
  const { snapshot, remedies } = data;
  const { running, last } = remedies;
  const [remedy, error] = running ? [running, running.error] : [last?.remedy, last?.error ?? null];
  const current = snapshot && session(snapshot.vpn);
  return remedy?.kind === kind && remedy.session === current ? error : null;
}
