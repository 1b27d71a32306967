import type { Instant } from '../domain/engine';
import { isCalledUnhealthy, isHealthy, session } from '../domain/observation';
import type { VpnData } from './vpn-data';

/**
 * What is done to a VPN that does not get well by itself: its container is restarted, or, when only its port is lost,
 * the VPN inside its container, which leaves the engines' network in place.
 */
export type RemedyKind = 'restart container' | 'restart VPN';

export interface Remedy {
  readonly kind: RemedyKind;
  /** The run of the container that it is for; one that has been restarted meanwhile is left alone. */
  readonly session: string;
  readonly startedAt: Instant;
}

export interface Remedies {
  /** One at a time. */
  readonly running: Remedy | null;
  readonly last: { readonly remedy: Remedy; readonly endedAt: Instant; readonly error: string | null } | null;
  /** Since the VPN was well for long. */
  readonly containerRestarts: number;
  /** Since the port was there for long, or the container was started. */
  readonly vpnRestarts: number;
}

export const noRemedies: Remedies = { running: null, last: null, containerRestarts: 0, vpnRestarts: 0 };

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
export function expectsPort({ sight, port }: Pick<VpnData, 'sight' | 'port'>): boolean {
  return port.last !== null || (sight?.vpn.kind === 'present' && sight.vpn.portForwarding);
}

/** Whether the VPN has lost a port that it should have. */
export function isPortLost(data: VpnData): boolean {
  const { sight, port } = data;
  if (!sight || sight.vpn.kind !== 'present' || !isHealthy(sight.vpn)) return false;
  if (sight.port.kind !== 'unknown' || !sight.port.none || port.noneSince === null) return false;
  return expectsPort(data);
}

/** The remedy that is next, and when; null when none is called for. */
export function nextRemedy(data: VpnData): { readonly remedy: Omit<Remedy, 'startedAt'>; readonly at: Instant } | null {
  const { sight, settings, remedies, outageSince } = data;
  if (!sight || remedies.running !== null) return null;
  const current = session(sight.vpn);
  if (current === null) return null;
  if (outageSince !== null && settings.unhealthyRestartMs > 0 && isCalledUnhealthy(sight.vpn)) {
    const { containerRestarts, last } = remedies;
    const doubled = Math.min(LONGEST_PAUSE_MS, settings.unhealthyRestartMs * 2 ** containerRestarts);
    const wait = Math.max(doubled, settings.unhealthyRestartMs);
    // A restart that failed has not begun another outage.
    const again = containerRestarts === 0 || last === null ? 0 : last.endedAt + wait;
    const at = Math.max(outageSince + wait, again);
    return { remedy: { kind: 'restart container', session: current }, at };
  }
  const { noneSince } = data.port;
  if (!isPortLost(data) || noneSince === null || settings.portLostMs === 0) return null;
  if (remedies.vpnRestarts >= VPN_RESTARTS_AT_MOST) return null;
  const pause = VPN_RESTART_PAUSES_MS[remedies.vpnRestarts - 1] ?? 0;
  const at = Math.max(noneSince + settings.portLostMs, (remedies.last?.endedAt ?? 0) + pause);
  return { remedy: { kind: 'restart VPN', session: current }, at };
}

export function begun(remedies: Remedies, remedy: Remedy): Remedies {
  const { containerRestarts, vpnRestarts } = remedies;
  return remedy.kind === 'restart container'
    ? { ...remedies, running: remedy, containerRestarts: containerRestarts + 1 }
    : { ...remedies, running: remedy, vpnRestarts: vpnRestarts + 1 };
}
