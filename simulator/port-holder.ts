import type Docker from 'dockerode';
import { ensureSimulatorImage } from './image';
import { removeContainer } from './remove-container';
import { RUN_LABEL } from './run-label';

export interface PortHolder {
  readonly name: string;
  readonly remove: () => Promise<void>;
}

/** Starts a container that is not Portward's, in a VPN's network, and that listens on the port. Resolves when it listens. */
export async function startPortHolder(
  docker: Docker,
  of: { readonly runId: string; readonly vpnContainer: string; readonly name: string; readonly port: number },
): Promise<PortHolder> {
  const { runId, vpnContainer, name, port } = of;
  // It runs the engine program, as an engine that somebody started by hand: its API answers like one of Portward's.
  const container = await docker.createContainer({
    name,
    Image: await ensureSimulatorImage(docker),
    Env: [`HTTP_PORT=${port}`],
    Labels: { [RUN_LABEL]: runId },
    HostConfig: { NetworkMode: `container:${vpnContainer}` },
  });
  await container.start();
  const output = await container.logs({ follow: true, stdout: true });
  await new Promise<void>((resolve, reject) => {
    output.on('data', () => resolve());
    output.on('end', () => reject(new Error(`${name} has ended instead of listening on port ${port}`)));
  });
  if ('destroy' in output && typeof output.destroy === 'function') output.destroy();
  return { name, remove: () => removeContainer(docker, container.id) };
}
