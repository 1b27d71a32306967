import { takenInWords } from '../../../domain/vpn/taken-ports';
import type { Snapshot } from '../../../domain/vpn/observation';
import { inWords } from '../../../lib/problem';
import * as problems from '../../../domain/vpn/problems';
import { isForwardedPortTaken } from '../requests/provisioning-allowance';
import { isHanging, isPortLost, isStoppedByOwner, remedyError, VPN_RESTARTS_AT_MOST } from '../decide/remedies';
import { IDLE_AT_MOST_MS, standsAside } from '../observe/rival';
import { hasUsableSnapshot, unfinishedTargets, type VpnData } from '../data';

// What keeps a VPN or Portward from doing its work, with what to do about it. It is derived from the state each time, so it never
// outlasts its reason.

type Rule = (data: VpnData) => string | null;

/** The first rule that applies is shown: problems that hide others come first. */
const RULES: readonly Rule[] = [
  dockerUnreachable,
  containerAbsent,
  containerNotRunning,
  containerUnhealthy,
  vpnStoppedByOwner,
  anotherPortward,
  imageMissing,
  forwardedPortTaken,
  portRangeUsedUp,
  controlServerHangs,
  portLost,
  portRedirected,
  enginesLeftOver,
];

export function problemOf(data: VpnData): string | null {
  for (const rule of RULES) {
    const problem = rule(data);
    if (problem !== null) return problem;
  }
  return null;
}

function dockerUnreachable({ unreachable }: VpnData): string | null {
  return unreachable?.problem ?? null;
}

function containerAbsent({ snapshot, settings: { vpn } }: VpnData): string | null {
  if (snapshot?.vpn.kind !== 'absent') return null;
  return inWords(problems.absent(vpn, snapshot.vpn.ofService));
}

function containerNotRunning({ snapshot, settings: { vpn } }: VpnData): string | null {
  if (snapshot?.vpn.kind !== 'present' || snapshot.vpn.running) return null;
  return inWords(problems.notRunning(vpn, snapshot.vpn.down));
}

function containerUnhealthy(data: VpnData): string | null {
  const {
    snapshot,
    settings: { vpn },
  } = data;
  if (snapshot?.vpn.kind !== 'present' || snapshot.vpn.health !== 'unhealthy') return null;
  return `VPN container '${vpn}' is unhealthy: its engines are hidden${alive(snapshot)}${notRestarted(data)}`;
}

function alive({ liveEngines }: Snapshot): string {
  if (liveEngines === null || liveEngines === 0) return '';
  return `, though ${liveEngines === 1 ? 'one of them says that it has' : `${liveEngines} of them say that they have`} live connections`;
}

function notRestarted(data: VpnData): string {
  const error = remedyError(data, 'restart container');
  return error === null ? '' : `, and it could not be restarted: ${error}`;
}

function vpnStoppedByOwner(data: VpnData): string | null {
  if (!isStoppedByOwner(data)) return null;
  return inWords(problems.stoppedInside(data.settings.vpn));
}

function anotherPortward(data: VpnData): string | null {
  const { rival, settings } = data;
  if (rival?.phase !== 'at work') return null;
  const minutes = IDLE_AT_MOST_MS / 60_000;
  const acts = standsAside(data)
    ? `That one acts, and this one only watches, until nothing is done for ${minutes} minutes`
    : 'This one acts, and the other one is to watch';
  return (
    `another Portward with PORTWARD_INSTANCE ${settings.instance} and a database of its own works on VPN '${settings.vpn}': it has made ` +
    `engine ${rival.engine}. ${acts}. Stop one of them, or give it another PORTWARD_INSTANCE and VPNs of its own`
  );
}

function imageMissing({ snapshot, pullError, settings: { image, pullPolicy } }: VpnData): string | null {
  if (snapshot === null || snapshot.imagePresent) return null;
  if (pullError !== null) return `image ${image} could not be pulled: ${pullError}`;
  return inWords(problems.imageMissing(image, pullPolicy));
}

function forwardedPortTaken(data: VpnData): string | null {
  const { settings } = data;
  const held = unfinishedTargets(data).find(isForwardedPortTaken);
  if (!held?.taken) return null;
  return `${takenInWords(held.taken, settings.vpn)}, so that no engine can have the forwarded port: stop that, or let it listen elsewhere`;
}

function portRangeUsedUp({ rangeUsedUp }: VpnData): string | null {
  return rangeUsedUp;
}

/** Gluetun can deadlock while it stops its VPN; only a restart of the container cures that. */
function controlServerHangs(data: VpnData): string | null {
  if (!isHanging(data)) return null;
  const { vpn, unhealthyRestartMs } = data.settings;
  const what = `VPN '${vpn}' has lost its forwarded port, and its control server hangs`;
  const byHand = `restart its container by hand (docker restart ${vpn})`;
  if (unhealthyRestartMs === 0)
    return `${what}: ${byHand}, since VPN_UNHEALTHY_RESTART_TIMEOUT_S=0 keeps Portward from it`;
  const error = remedyError(data, 'restart container');
  return error === null
    ? `${what}: its container is to be restarted`
    : `${what}; ${byHand}, since Portward could not: ${error}`;
}

function portLost(data: VpnData): string | null {
  const { remedies, settings } = data;
  const error = remedyError(data, 'restart VPN');
  // During a restart of the VPN, and after one that left it stopped, the control server may not say that there is no port.
  const isAtWork = remedies.running !== null || remedies.halfDone !== null;
  if (!isPortLost(data) && !isAtWork) return null;
  const what = `VPN '${settings.vpn}' has lost its forwarded port`;
  if (error !== null) return `${what}, and could not be restarted inside its container: ${error}`;
  if (!isPortLost(data) || remedies.vpnRestarts < VPN_RESTARTS_AT_MOST) return null;
  return `${what}, and ${VPN_RESTARTS_AT_MOST} restarts did not bring one back: look at its log and at the provider's side`;
}

function portRedirected({ snapshot, settings: { vpn } }: VpnData): string | null {
  if (snapshot?.vpn.kind !== 'present' || snapshot.vpn.redirectedTo === undefined) return null;
  return inWords(problems.redirected(vpn, snapshot.vpn.redirectedTo));
}

/** The last rule, since other engines do not have to wait for this. */
function enginesLeftOver(data: VpnData): string | null {
  const { leftOvers, snapshot } = data;
  const [first] = leftOvers;
  if (!first) return null;
  const others = leftOvers.length === 1 ? '' : `, and ${leftOvers.length - 1} more`;
  const runs = snapshot?.engines.some((e) => e.id === first.id && e.running) === true;
  // The replacement that could not remove it has tried to stop it, which an older snapshot does not show.
  const state = !hasUsableSnapshot(data) ? 'It may still run' : runs ? 'It still runs' : 'It is stopped';
  return `Docker does not remove engine ${first.name}${others}: ${first.reason}. ${state}; Portward tries again. See to what Docker says, or remove it by hand: docker rm -f ${first.name}`;
}
