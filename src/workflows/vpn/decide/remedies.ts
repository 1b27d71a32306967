import type { Instant } from '../../../domain/engine';
import { isCalledUnhealthy, isHealthy, session } from '../../../domain/vpn/observation';
import type { RemedyKind, RemedyReason } from '../../../domain/vpn/remedy';
import type { VpnData } from '../data';

export interface Remedy {
  readonly kind: RemedyKind;
  readonly reason: RemedyReason;
  /** The run of the container that it is for; one that has been restarted meanwhile is left alone. */
  readonly session: string;
  readonly startedAt: Instant;
}

/**
 * Why an attempt failed. `refused`: nothing has changed at the VPN, and nothing will by trying again. `VPN stopped`: its owner
 * has stopped it, so it was left alone. `hangs`: the control server answers nothing. `failed`: anything else; what was done
 * of it is not known.
 */
export interface RemedyFailure {
  readonly kind: 'refused' | 'VPN stopped' | 'hangs' | 'failed';
  readonly message: string;
}

export interface Remedies {
  /** One at a time. `error`: why its last attempt failed, while it is tried again. */
  readonly running: (Remedy & { readonly error: string | null }) | null;
  readonly last: { readonly remedy: Remedy; readonly endedAt: Instant; readonly error: string | null } | null;
  /** Since the VPN was well for long. */
  readonly containerRestarts: number;
  /** When the last one ended. */
  readonly containerRestartedAt: Instant | null;
  /** Since the port was there for long, or the container was started. */
  readonly vpnRestarts: number;
  /** The run of the container in which Portward may have stopped the VPN without running it again. */
  readonly halfDone: string | null;
  /** The run of the container in which its control server was found to hang. */
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

/** A VPN that was well for so long starts with the shortest pause again. */
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

/** Whether the VPN should have a port: its own settings ask for one, or it had one in this run of its container. */
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

/** Whether the control server of a container that runs was found to hang, and nothing has been heard of a port since. */
export function isHanging({ snapshot, remedies }: VpnData): boolean {
  return snapshot?.vpn.kind === 'present' && snapshot.vpn.running && remedies.hanging === session(snapshot.vpn);
}

type Next = { readonly remedy: Omit<Remedy, 'startedAt'>; readonly at: Instant };

/** The remedy that is next, and when; null when none is called for. */
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
  const doubled = Math.min(LONGEST_PAUSE_MS, unhealthyRestartMs * 2 ** containerRestarts);
  const wait = Math.max(doubled, unhealthyRestartMs);
  // A restart that failed has not begun another outage.
  const again = containerRestarts === 0 || containerRestartedAt === null ? 0 : containerRestartedAt + wait;
  const remedy = { kind: 'restart container', session: current } as const;
  if (outageSince !== null && isCalledUnhealthy(snapshot.vpn))
    return { remedy: { ...remedy, reason: 'unhealthy' }, at: Math.max(outageSince + wait, again) };
  // It has been waited for already.
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

/** An attempt has failed, and there will be another one. */
export function failing(remedies: Remedies, remedy: Remedy, failure: RemedyFailure): Remedies {
  return { ...afterFailure(remedies, remedy, failure), running: { ...remedy, error: failure.message } };
}

/** @param failure null: it was done, or did not need to be */
export function ended(remedies: Remedies, remedy: Remedy, failure: RemedyFailure | null, now: Instant): Remedies {
  // As if it had never begun.
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

/** Why the remedy that is at work, or was last, does not succeed, as long as the container's run is still the one it was for. */
export function remedyError(data: VpnData, kind: RemedyKind): string | null {
  const { snapshot, remedies } = data;
  const { running, last } = remedies;
  const [remedy, error] = running ? [running, running.error] : [last?.remedy, last?.error ?? null];
  const current = snapshot && session(snapshot.vpn);
  return remedy?.kind === kind && remedy.session === current ? error : null;
}
