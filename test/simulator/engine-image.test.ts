import Docker from 'dockerode';
import { engineImage } from '../../simulator/engine-image';
import { ensureSimulatorImage } from '../../simulator/image';
import { Simulation } from './simulation';

const docker = new Docker();
const run = new Simulation();
const other = new Simulation();
afterAll(() => Promise.all([run.remove(), other.remove()]));

async function isThere(image: string): Promise<boolean> {
  return (await docker.listImages({ filters: { reference: [image] } })).length > 0;
}

test('the images of a run are removed with it; those of another run stay, and so does the image that both are made of', async () => {
  const [plain, own, same, others] = await Promise.all([
    engineImage(docker, {}, run.runId),
    engineImage(docker, { STARTUP_MS: '7' }, run.runId),
    engineImage(docker, { STARTUP_MS: '7' }, run.runId),
    engineImage(docker, { STARTUP_MS: '7' }, other.runId),
  ]);
  expect(same).toBe(own);
  expect((await docker.getImage(own).inspect()).Config.Env).toContain('STARTUP_MS=7');
  await run.remove();
  expect(await Promise.all([plain, own, others].map(isThere))).toEqual([false, false, true]);
  expect(await isThere(await ensureSimulatorImage(docker))).toBe(true);

  expect(await isThere(await engineImage(docker, { STARTUP_MS: '7' }, run.runId))).toBe(true);
});
