import type Docker from 'dockerode';
import { removeEngineImages } from './engine-image';
import { removeContainer } from './remove-container';
import { RUN_LABEL, VPN_LABEL } from './run-label';

/** If containers are left after so many rounds, something keeps making them and has to be stopped first. */
const ROUNDS = 20;

type Vpns = { ids: Set<string>; names: Set<string> };

/** VPN containers that this process has started, by run. They are needed because engines outlive a VPN that was removed or re-created. */
const started = new Map<string, Vpns>();

export function rememberVpn(runId: string, id: string, name: string): void {
  const vpns = started.get(runId) ?? { ids: new Set(), names: new Set() };
  vpns.ids.add(id);
  vpns.names.add(name);
  started.set(runId, vpns);
}

/**
 * Removes every container, network and image of a run, and nothing else: what has its label, and the engines that Portward made for its
 * VPNs (found by their network namespace, or by the label that names the VPN).
 */
export async function removeSimulation(docker: Docker, runId: string): Promise<void> {
  const filters = { label: [`${RUN_LABEL}=${runId}`] };
  // Repeat until nothing is found: Portward may be making an engine at this moment.
  for (let rounds = 0; ; rounds++) {
    const found = await containersOf(docker, runId);
    if (found.length === 0) break;
    if (rounds === ROUNDS) throw new Error(`expected no container of ${runId}, found new ones: ${found.join(', ')}`);
    await Promise.all(found.map((id) => removeContainer(docker, id)));
  }
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map((network) => docker.getNetwork(network.Id).remove()));
  await removeEngineImages(docker, runId);
}

async function containersOf(docker: Docker, runId: string): Promise<string[]> {
  const all = await docker.listContainers({ all: true });
  const remembered = started.get(runId);
  const ids = new Set(remembered?.ids);
  const names = new Set(remembered?.names);
  const ours = all.filter((container) => container.Labels[RUN_LABEL] === runId);
  for (const container of ours) {
    ids.add(container.Id);
    for (const name of container.Names) names.add(name.replace(/^\//, ''));
  }
  const engines = all.filter(({ HostConfig, Labels }) => {
    const namespace = /^container:(.+)$/.exec(HostConfig.NetworkMode)?.[1] ?? '';
    return ids.has(namespace) || names.has(namespace) || names.has(Labels[VPN_LABEL] ?? '');
  });
  return [...new Set([...ours, ...engines].map((container) => container.Id))];
}
