import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { ensureSimulatorImage } from '../../simulator/image';
import { RUN_LABEL } from '../../simulator/run-label';
import type { Registry } from './registry';

/** A copy of the simulator's image that can be pulled, as engines are made of. Resolves with its reference. */
export async function addSimulatorImage(registry: Registry, docker: Docker, runId: string): Promise<string> {
  const image = await ensureSimulatorImage(docker);
  const { Config } = await docker.getImage(image).inspect();
  const container = await docker.createContainer({ Image: image, Labels: { [RUN_LABEL]: runId } });
  const files = await buffer(await container.export());
  await container.remove();
  return registry.add(`portward-test-${runId}`, 'engine', files, {
    Env: Config.Env,
    Entrypoint: [Config.Entrypoint ?? []].flat(),
  });
}
