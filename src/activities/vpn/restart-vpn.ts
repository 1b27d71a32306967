import { ApplicationFailure } from '@temporalio/common';
import { isCalledUnhealthy, session } from '../../domain/vpn/observation';
import type { RemedyReason } from '../../domain/vpn/remedy';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import { ControlServerHangs, NotAccepted, VpnStopped } from '../../clients/gluetun/client';
import { ControlServerAddress } from '../port/control-server';
import type { ActivityDeps } from '../deps';
import { observeDocker } from '../docker/look';

type Deps = Pick<ActivityDeps, 'docker' | 'reach' | 'gluetun' | 'controlPort'>;

/** For the run of the VPN's container that `session` names. */
export interface ContainerRestart {
  readonly vpn: string;
  readonly session: string;
  readonly reason: RemedyReason;
}

/** The same. */
export interface VpnRestart {
  readonly vpn: string;
  readonly session: string;
  /** An earlier attempt may have left the VPN stopped. Otherwise a stopped VPN is its owner's wish. */
  readonly mayBeStopped: boolean;
}

/** Restarts the container, unless it has been restarted or got well meanwhile. @returns whether that was done */
export async function restartContainer(order: ContainerRestart, deps: Deps, signal: AbortSignal): Promise<boolean> {
  const { vpn, session: ill, reason } = order;
  const details = await deps.docker.inspectByName(vpn);
  const seen = observeDocker(details);
  // One that somebody has stopped is not to be started.
  if (!details || session(seen) !== ill || seen.kind === 'absent' || !seen.running) return false;
  const isWell = reason === 'unhealthy' ? !isCalledUnhealthy(seen) : await hasPort(vpn, details, deps, signal);
  if (isWell) return false;
  await deps.docker.restart(details.Id);
  return true;
}

/**
 * Restarts the VPN inside its container, unless that was restarted or has its port back. @returns whether that was done
 * @throws ApplicationFailure of type Refused or VpnStopped when nothing has changed, and ControlServerHangs
 */
export async function restartVpnInside(order: VpnRestart, deps: Deps): Promise<boolean> {
  const { vpn, session: ill, mayBeStopped } = order;
  const details = await deps.docker.inspectByName(vpn);
  if (!details || session(observeDocker(details)) !== ill) return false;
  // Seen to its end even when nobody waits for it any more: between its two halves the VPN is stopped.
  const { signal } = new AbortController();
  if (await hasPort(vpn, details, deps, signal)) return false;
  try {
    await deps.gluetun(vpn).reconnect(await controlServer(vpn, details, deps, signal), signal, { mayBeStopped });
    return true;
  } catch (error) {
    if (error instanceof VpnStopped) throw ApplicationFailure.nonRetryable(error.message, 'VpnStopped');
    if (error instanceof ControlServerHangs) throw ApplicationFailure.nonRetryable(error.message, 'ControlServerHangs');
    // One that may have been stopped has to be told to run whatever comes.
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

/** Whether the VPN has been left as it was. */
function isRefusal(error: unknown): error is NotAccepted {
  return error instanceof NotAccepted && !['unreachable', 'timeout'].includes(error.failure);
}
