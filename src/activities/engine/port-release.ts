import type { ContainerDetails, DockerHost } from '../../clients/docker/docker-host';
import { isContainerId } from '../../domain/engine';
import { startedBefore } from '../../domain/vpn/observation';
import { pauseUntil } from '../../lib/pause';
import type { ActivityDeps } from '../deps';
import { observeDocker } from '../docker/snapshot';

const CHECK_EVERY_MS = 1_000;
/** Time limit of one activity. The replacement repeats it: an engine may take a day to finish its streams. */
const RELEASED_WITHIN_MS = 5 * 60_000;

export interface AwaitedRelease {
  readonly vpn: string;
  /** Engines that are being released, by id, and engines whose creation had begun, by name. */
  readonly holders: readonly string[];
}

/** Resolves with true once none of the containers holds a port in the VPN's network, and with false after 5 minutes. */
export async function portsReleased(
  { vpn, holders }: AwaitedRelease,
  { docker, events }: Pick<ActivityDeps, 'docker' | 'events'>,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + RELEASED_WITHIN_MS;
  let wake = new AbortController();
  const unsubscribe = events.subscribe(() => wake.abort());
  try {
    while (!signal.aborted && performance.now() < deadline) {
      wake = new AbortController();
      if (!(await anyHoldsPorts(docker, vpn, holders))) return true;
      await pauseUntil(CHECK_EVERY_MS, signal, wake.signal);
    }
    return false;
  } finally {
    unsubscribe();
  }
}

async function anyHoldsPorts(docker: DockerHost, vpn: string, holders: readonly string[]): Promise<boolean> {
  const vpnDetails = await docker.inspectByName(vpn);
  const holding = await Promise.all(
    holders.map(async (holder) => {
      const isId = isContainerId(holder);
      const details = await (isId ? docker.inspect(holder) : docker.inspectByName(holder));
      if (details === null) return false;
      // The process that creates it may be about to start it.
      return (!isId && details.State.Status === 'created') || holdsPorts(details, vpnDetails);
    }),
  );
  return holding.includes(true);
}

/** A container holds ports while its process runs in the VPN's present network. */
function holdsPorts({ State, HostConfig }: ContainerDetails, vpn: ContainerDetails | null): boolean {
  if (!State.Running || vpn === null || HostConfig.NetworkMode !== `container:${vpn.Id}`) return false;
  return !startedBefore(Date.parse(State.StartedAt), observeDocker(vpn));
}
