import { ApplicationFailure } from '@temporalio/common';
import { isCalledUnhealthy, session } from '../../domain/vpn/observation';
import type { RemedyReason } from '../../domain/vpn/remedy';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import { ControlServerHangs, NotAccepted, VpnStopped } from '../../clients/gluetun/client';
import { ControlServerAddress } from '../port/control-server';
import type { ActivityDeps } from '../deps';
import { observeDocker } from '../docker/snapshot';

type Deps = Pick<ActivityDeps, 'docker' | 'reach' | 'gluetun' | 'controlPort'>;

/** An order to restart the VPN's container, if the session still lasts. */
export interface ContainerRestart {
  readonly vpn: string;
  readonly session: string;
  readonly reason: RemedyReason;
}

/** An order to restart the VPN inside its container, if the session still lasts. */
export interface VpnRestart {
  readonly vpn: string;
  readonly session: string;
  /** An earlier attempt may have left the VPN stopped. Otherwise its owner has stopped it, and wants it so. */
  readonly mayBeStopped: boolean;
}

/** Restarts the container, unless it was restarted or has recovered meanwhile. @returns whether it was restarted */
export async function restartContainer(order: ContainerRestart, deps: Deps, signal: AbortSignal): Promise<boolean> {
  const { vpn, session: expected, reason } = order;
  const details = await deps.docker.inspectByName(vpn);
  const seen = observeDocker(details);
  // A container that somebody has stopped must stay stopped.
  if (!details || session(seen) !== expected || seen.kind === 'absent' || !seen.running) return false;
  const isWell = reason === 'unhealthy' ? !isCalledUnhealthy(seen) : await hasPort(vpn, details, deps, signal);
  if (isWell) return false;
  await deps.docker.restart(details.Id);
  return true;
}

/**
 * Restarts the VPN inside its container, unless the container was restarted or the port is back.
 * @returns whether the VPN was restarted
 * @throws ApplicationFailure of type Refused or VpnStopped if nothing was changed, or ControlServerHangs
 */
export async function restartVpnInside(order: VpnRestart, deps: Deps): Promise<boolean> {
  const { vpn, session: expected, mayBeStopped } = order;
  const details = await deps.docker.inspectByName(vpn);
  if (!details || session(observeDocker(details)) !== expected) return false;
  // Runs to its end even if the activity is cancelled: halfway through, the VPN is stopped.
  const { signal } = new AbortController();
  if (await hasPort(vpn, details, deps, signal)) return false;
  try {
    await deps.gluetun(vpn).reconnect(await controlServer(vpn, details, deps, signal), signal, { mayBeStopped });
    return true;
  } catch (error) {
    if (error instanceof VpnStopped) throw ApplicationFailure.nonRetryable(error.message, 'VpnStopped');
    if (error instanceof ControlServerHangs) throw ApplicationFailure.nonRetryable(error.message, 'ControlServerHangs');
    // A VPN that may have been stopped has to be started again, so this is retried.
    if (!mayBeStopped && isRefusal(error)) throw ApplicationFailure.nonRetryable(error.message, 'Refused');
    throw error;
  }
}

async function controlServer(vpn: string, details: ContainerDetails, deps: Deps, signal: AbortSignal): Promise<URL> {
  return new ControlServerAddress(vpn, details, await deps.reach(), deps).url(signal);
}

/** Whether the port has come back by itself. */
async function hasPort(vpn: string, details: ContainerDetails, deps: Deps, signal: AbortSignal): Promise<boolean> {
  try {
    await deps.gluetun(vpn).forwardedPort(await controlServer(vpn, details, deps, signal), signal);
    return true;
  } catch {
    return false;
  }
}

/** Whether the control server refused, so that the VPN is as it was. */
function isRefusal(error: unknown): error is NotAccepted {
  return error instanceof NotAccepted && !['unreachable', 'timeout'].includes(error.failure);
}
