import { guessedReach } from '../../src/clients/docker/reach/reach';
import Dockerode from 'dockerode';
import { createEngine } from '../../src/activities/engine/create-engine';
import { portsReleased } from '../../src/activities/engine/port-release';
import { refusable, removeEngine } from '../../src/activities/engine/remove-engine';
import { DockerEvents } from '../../src/clients/docker/docker-events';
import { DockerHost, type ContainerDetails } from '../../src/clients/docker/docker-host';
import { REFUSED_BY_DOCKER } from '../../src/domain/replacement';
import { sealingKeyFrom } from '../../src/secrets/seal';
import { ensureSimulatorImage } from '../../simulator/image';
import { target } from '../builders';
import { Containers } from '../clients/docker/containers';
import { DockerGate } from '../program/docker-gate';

const containers = new Containers();
const real = new DockerHost(containers.docker);
let gate: DockerGate;
let network: string;
beforeAll(async () => {
  gate = await DockerGate.open();
  network = await containers.startNetwork();
});
afterEach(() => {
  gate.rule = () => null;
});
afterAll(async () => {
  await gate.shut();
  await containers.remove();
});

function behindGate(shortCallMs?: number): DockerHost {
  const { hostname, port } = new URL(gate.address);
  return new DockerHost(new Dockerode({ host: hostname, port, protocol: 'http' }), shortCallMs);
}

/** Removals time out soon; all other calls have the time that a busy machine may need. */
function gated(): DockerHost {
  const hasty = behindGate(1_500);
  return Object.assign(behindGate(), { remove: (id: string) => hasty.remove(id) });
}

async function running(): Promise<string> {
  const id = await real.create(await containers.engine(network));
  await real.start(id);
  return id;
}

const sealingKey = () => sealingKeyFrom('the key of this test');
const deps = () => ({ docker: gated(), containerLabel: 'of=ours', instance: 'test' });

describe('a container that Docker does not remove', () => {
  test.each([
    ['500', { status: 500, message: 'driver "zfs" failed to remove root filesystem: dataset is busy' }],
    ['409', { status: 409, message: 'removal of container is already in progress' }],
    ['403', { status: 403, message: 'not permitted' }],
    ['no answer', 'hang' as const],
  ])("(%s) is stopped, and Docker's error is reported at once with the container's id", async (_what, answer) => {
    const id = await running();
    gate.rule = (method) => (method === 'DELETE' ? answer : null);
    const failure: unknown = await removeEngine(id, deps()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ type: REFUSED_BY_DOCKER, nonRetryable: true, details: [id] });
    expect(String(failure)).toContain(answer === 'hang' ? 'no answer in time' : answer.message);
    expect((await real.inspect(id))?.State.Running).toBe(false);
    gate.rule = () => null;
    await removeEngine(id, { ...deps(), docker: behindGate() });
    expect(await real.inspect(id)).toBeNull();
  });

  test('because Docker does not answer at all is not a refusal: it is retried', async () => {
    const id = await running();
    gate.rule = () => 'hang';
    await expect(removeEngine(id, { ...deps(), docker: behindGate(500) })).rejects.toMatchObject({
      name: 'DockerUnreachable',
    });
    expect((await real.inspect(id))?.State.Running).toBe(true);
  });

  test('and does not start is reported to its replacement, which creates another one', async () => {
    const vpn = (await real.inspect(network))?.Name.slice(1) ?? '';
    const image = await ensureSimulatorImage(containers.docker);
    const variant = {
      ...{ image, env: {}, forwardedEnv: {}, command: null, volumes: [], connectionStatus: false, oneAtATime: false },
      health: { type: 'tcp' },
    } as const;
    const order = {
      vpn,
      instance: 'test',
      incarnation: 'abcdef12',
      number: 1,
      target: target({ role: 'plain', p2pPort: null }),
    };
    gate.rule = (method, path) =>
      path.endsWith('/start')
        ? { status: 409, message: 'container is marked for removal and cannot be started' }
        : method === 'DELETE'
          ? { status: 500, message: 'dataset is busy' }
          : null;
    const { runLabel } = containers;
    const made = createEngine(order, {
      docker: gated(),
      reach: async () => guessedReach(),
      variant,
      sealingKey,
      containerLabel: runLabel,
    });
    await expect(made).rejects.toMatchObject({ type: REFUSED_BY_DOCKER, details: [expect.any(String)] });
    await expect(made).rejects.toThrow('dataset is busy');
  });
});

test('a filtering proxy that forbids changing the restart policy is a refusal, and is not retried', async () => {
  const id = await running();
  const docker = gated();
  gate.rule = (_method, path) => (path.endsWith('/update') ? { status: 405, message: 'not allowed' } : null);
  const evicted = refusable(docker, id, () => docker.forbidRestart(id));
  await expect(evicted).rejects.toMatchObject({ type: REFUSED_BY_DOCKER, nonRetryable: true, details: [id] });
});

const stopped = (Status: string) => ({ State: { Running: false, Status, StartedAt: '2026-01-02T11:00:00Z' } });

describe('an engine that is being released', () => {
  const VPN = { id: 'f'.repeat(64), startedAt: '2026-01-02T10:00:00Z' };
  const ENGINE = 'e'.repeat(64);

  /** A Docker with the VPN, and one engine in this state. */
  class DockerWith extends DockerHost {
    constructor(private readonly engine: object) {
      super(containers.docker);
    }
    override inspect(): Promise<ContainerDetails | null> {
      const there = {
        HostConfig: { NetworkMode: `container:${VPN.id}` },
        State: { Running: true, Status: 'running', StartedAt: '2026-01-02T11:00:00Z' },
        ...this.engine,
      };
      return Promise.resolve(there as unknown as ContainerDetails);
    }
    override inspectByName(name: string): Promise<ContainerDetails | null> {
      if (name !== 'gluetun') return this.inspect();
      const State = { Running: true, StartedAt: VPN.startedAt };
      return Promise.resolve({ Id: VPN.id, State, Config: {} } as unknown as ContainerDetails);
    }
  }

  async function isReleased(engine: object, holder = ENGINE): Promise<boolean> {
    const docker = new DockerWith(engine);
    const events = new DockerEvents(new DockerHost(containers.docker));
    const looked = new AbortController();
    setTimeout(() => looked.abort(), 50);
    try {
      return await portsReleased({ vpn: 'gluetun', holders: [holder] }, { docker, events }, looked.signal);
    } finally {
      await events.close();
    }
  }

  test.each([
    ['has ended', stopped('exited')],
    ['is dead, and could not be removed', stopped('dead')],
    ['is being removed', stopped('removing')],
    ['was started in an earlier session of the VPN', { State: { Running: true, StartedAt: '2026-01-02T09:00:00Z' } }],
    ['is in the network of another container', { HostConfig: { NetworkMode: `container:${'d'.repeat(64)}` } }],
  ])('and %s holds no port', async (_what, engine) => {
    expect(await isReleased(engine)).toBe(true);
  });

  test.each([
    ['runs', {}],
    ['is between two runs', { State: { Running: true, Restarting: true, Status: 'restarting' } }],
  ])('and %s holds its ports', async (_what, engine) => {
    expect(await isReleased(engine)).toBe(false);
  });

  test('and is known by name only, because its creation had begun, may still start', async () => {
    expect(await isReleased(stopped('created'), 'acestream_gluetun_3_1_abcdef12')).toBe(false);
    expect(await isReleased(stopped('created'))).toBe(true);
  });
});
