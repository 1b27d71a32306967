import { createEngine } from '../../src/activities/create-engine';
import { DockerHost } from '../../src/docker/docker-host';
import { ensureSimulatorImage } from '../../simulator/image';
import { Simulation } from '../simulator/simulation';

const simulation = new Simulation();
afterAll(() => simulation.remove());

/** The real Docker, but for the first container that is started on it: as after a SIGKILL of dockerd, it never starts. */
class DockerWithOrphanedTask extends DockerHost {
  readonly started: string[] = [];

  override async start(id: string): Promise<void> {
    this.started.push(id);
    if (id === this.started[0]) throw Object.assign(new Error(`task ${id}: already exists`), { statusCode: 500 });
    await super.start(id);
  }
}

test('an engine whose container can never be started gets another container at the next attempt', async () => {
  const vpn = await simulation.startVpn();
  await vpn.untilHealth('healthy');
  const docker = new DockerWithOrphanedTask(simulation.docker);
  const order = {
    vpn: vpn.name,
    instance: simulation.runId,
    lineage: 'abcdef12',
    number: 1,
    target: { generation: 1, role: 'plain', httpPort: 19_000, httpsPort: 45_000, p2pPort: null, waitFor: [] },
  } as const;
  const variant = {
    image: await ensureSimulatorImage(simulation.docker),
    env: { HTTP_PORT: '{{HTTP_PORT}}' },
    forwardedEnv: {},
    command: null,
  };
  const deps = { docker, variant, engineEnv: {}, containerLabel: `portward.test=${simulation.runId}` };

  await expect(createEngine(order, deps)).rejects.toThrow('already exists');
  const { engine } = await createEngine(order, deps);
  expect(docker.started).toEqual([expect.not.stringMatching(engine.id), engine.id]);
  expect((await docker.inspect(engine.id))?.State.Running).toBe(true);
  expect(await docker.inspect(docker.started[0] ?? '')).toBeNull();
});
