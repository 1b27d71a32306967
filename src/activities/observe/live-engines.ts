import { withDeadline } from '../../lib/deadline';
import { resolve, type Reach } from '../../clients/docker/reach/reach';
import type { EngineApi } from '../../clients/engine/engine-api';
import type { DockerSnapshot } from '../docker/snapshot';

/** A connected engine answers at once. Hiding the engines of an unhealthy VPN can't wait for one that hangs. */
const WITHIN_MS = 500;

/** Counts the VPN's engines that say they are connected, whatever Docker says about the VPN. */
export async function countLiveEngines(
  { engines, details }: DockerSnapshot,
  { engineApi, reach }: { readonly engineApi: EngineApi; readonly reach: Reach },
  signal: AbortSignal,
): Promise<number> {
  if (!details) return 0;
  const asked = engines.filter((e) => e.running && e.networkOf === details.Id);
  const answers = await Promise.allSettled(
    asked.map((e) =>
      withDeadline(WITHIN_MS, signal, (limit) => engineApi.connected(resolve(reach, details, e.httpPort), limit)),
    ),
  );
  return answers.filter((a) => a.status === 'fulfilled' && a.value).length;
}
