import { buffer } from 'node:stream/consumers';
import pino from 'pino';
import { tarStream } from '../../../simulator/tar';
import { DockerHost } from '../../../src/clients/docker/docker-host';
import { pullWithProgress } from '../../../src/clients/docker/pull';
import { Simulation } from '../../simulator/simulation';
import { testUnless } from '../../test-unless';
import { Registry, registryObstacle } from './registry';

const { docker, runId } = new Simulation();
const host = new DockerHost(docker);
const NAME = `portward-test-${runId}`;
let registry: Registry;

beforeAll(async () => {
  registry = await Registry.open();
});
afterAll(() => registry.close());

/** Pulls the image. Resolves with Docker's lines and with the log. */
async function pulling(image: string) {
  const lines: string[] = [];
  const logged: string[] = [];
  const log = pino({}, { write: (line) => void logged.push((JSON.parse(line) as { msg: string }).msg) });
  const { signal } = new AbortController();
  await pullWithProgress(host, image, { signal, log, onLine: (line) => lines.push(line) });
  return { lines, logged };
}

testUnless(registryObstacle)(
  'an image is pulled from its registry, with progress in the log, and is present afterwards',
  async () => {
    const layer = await buffer(tarStream([{ path: '/run-id', mode: 0o644, content: runId }]));
    const image = registry.add(NAME, 'small', layer, { Env: ['PULLED=yes'] });
    expect(await host.hasImage(image)).toBe(false);
    const { lines, logged } = await pulling(image);
    try {
      expect(await host.hasImage(image)).toBe(true);
      expect((await docker.getImage(image).inspect()).Config.Env).toContain('PULLED=yes');
      const said = lines.join('\n');
      for (const step of [/^small Pulling from /, /^[0-9a-f]{12} Pulling fs layer/m, /^[0-9a-f]{12} Pull complete/m]) {
        expect(said).toMatch(step);
      }
      expect(logged).toEqual([
        `Pulling image ${image}`,
        expect.stringMatching(new RegExp(`^Pulled image ${image} in \\d+ s$`)),
      ]);
      // The image is present already: no layer is pulled again.
      expect((await pulling(image)).lines.join('\n')).not.toContain('Pulling fs layer');
    } finally {
      await docker.getImage(image).remove({ force: true });
    }
    expect(await host.hasImage(image)).toBe(false);
  },
);

testUnless(registryObstacle)(
  'a pull of an image that its registry does not have is an error that names it',
  async () => {
    const image = registry.add(NAME, 'there', await buffer(tarStream([])));
    await expect(pulling(image.replace('there', 'absent'))).rejects.toThrow(/absent.*not found/);
  },
);

testUnless(registryObstacle)('a pull that fails after its beginning is an error with the reason', async () => {
  const layer = await buffer(tarStream([{ path: '/run-id', mode: 0o644, content: `another of ${runId}` }]));
  const image = registry.add(NAME, 'broken', layer);
  registry.loseLayers();
  await expect(pulling(image)).rejects.toThrow(/not found|404|unknown/i);
  expect(await host.hasImage(image)).toBe(false);
});
