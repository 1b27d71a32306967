import type Docker from 'dockerode';
import { isConflict } from './docker-errors';
import { RUN_LABEL } from './run-label';

/** Makes the run's bridge network if no network of that name exists. */
export async function ensureRunNetwork(docker: Docker, runId: string, name: string): Promise<void> {
  const networks = await docker.listNetworks({ filters: { name: [name] } });
  if (networks.some((network) => network.Name === name)) return;
  try {
    await docker.createNetwork({ Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: { [RUN_LABEL]: runId } });
  } catch (error) {
    // Another VPN of the run has just made it.
    if (!isConflict(error)) throw error;
  }
}
