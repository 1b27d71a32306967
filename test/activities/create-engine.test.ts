import { createEngine } from '../../src/activities/engine/create-engine';
import { removeEngine } from '../../src/activities/engine/remove-engine';
import { engineContainer, type EngineOrder } from '../../src/activities/engine/spec';
import { portsInUse, untilFree } from '../../src/activities/docker/taken-ports';
import { DockerHost } from '../../src/clients/docker/docker-host';
import { guessedReach } from '../../src/clients/docker/reach/reach';
import type { SealedCallerOptions } from '../../src/domain/replacement';
import { seal, sealingKeyFrom } from '../../src/secrets/seal';
import { ensureSimulatorImage } from '../../simulator/image';
import { startPortHolder } from '../../simulator/port-holder';
import { RUN_LABEL } from '../../simulator/run-label';
import { target } from '../builders';
import { Simulation } from '../simulator/simulation';
import { until } from '../simulator/until';

const simulation = new Simulation();
const MARK = `portward.test=${simulation.runId}`;
const SECRET = 'TOP-SECRET';

let vpn: string;
beforeAll(async () => {
  const simulated = await simulation.startVpn();
  await simulated.untilHealth('healthy');
  vpn = simulated.name;
});
afterAll(() => simulation.remove());

/** The real Docker, except that the first started container never starts, as after a SIGKILL of dockerd. */
class DockerWithOrphanedTask extends DockerHost {
  readonly started: string[] = [];

  override async start(id: string): Promise<void> {
    this.started.push(id);
    if (id === this.started[0]) throw Object.assign(new Error(`task ${id}: already exists`), { statusCode: 500 });
    await super.start(id);
  }
}

async function depsOf(docker = new DockerHost(simulation.docker)) {
  const variant = {
    image: await ensureSimulatorImage(simulation.docker),
    env: { HTTP_PORT: '{{HTTP_PORT}}', HTTPS_PORT: '{{HTTPS_PORT}}' },
    forwardedEnv: {},
    command: null,
    volumes: [],
    health: { type: 'tcp' },
    connectionStatus: false,
    oneAtATime: false,
  } as const;
  return {
    docker,
    variant,
    instance: simulation.runId,
    reach: async () => guessedReach(),
    containerLabel: MARK,
    sealingKey: () => sealingKeyFrom('the key of this test'),
  };
}

let numbers = 0;
function order(callerOptions: SealedCallerOptions | null = null): EngineOrder {
  const number = ++numbers;
  const ports = { httpPort: 19_000 + number, httpsPort: 45_000 + number, p2pPort: null };
  return {
    vpn,
    instance: simulation.runId,
    incarnation: 'abcdef12',
    number,
    target: target({ role: 'plain', ...ports, callerOptions }),
  };
}

test('an engine whose container can never be started gets another container at the next attempt', async () => {
  const docker = new DockerWithOrphanedTask(simulation.docker);
  const deps = await depsOf(docker);
  const wanted = order();
  await expect(createEngine(wanted, deps)).rejects.toThrow('already exists');
  const { engine } = await createEngine(wanted, deps);
  expect(docker.started).toEqual([expect.not.stringMatching(engine.id), engine.id]);
  expect((await docker.inspect(engine.id))?.State.Running).toBe(true);
  expect(await docker.inspect(docker.started[0] ?? '')).toBeNull();
});

test("a caller's environment is decrypted only for the container; labels are on the container and in the result", async () => {
  const deps = await depsOf();
  const sealedEnv = seal({ TOKEN: SECRET, HTTPS_PORT: '45999' }, await deps.sealingKey());
  const made = await createEngine(
    order({ labels: { stream_id: 'abc|1', 'acestream.forwarded': 'true' }, sealedEnv }),
    deps,
  );
  const details = await deps.docker.inspect(made.engine.id);
  expect(details?.Config.Env).toEqual(expect.arrayContaining([`TOKEN=${SECRET}`, 'HTTPS_PORT=45999']));
  expect(details?.Config.Labels).toMatchObject({ stream_id: 'abc|1' });
  expect(details?.Config.Labels).not.toHaveProperty(['acestream.forwarded']);
  expect(made.engine.labels).toMatchObject({ stream_id: 'abc|1' });
  // The result is kept in the workflow's history.
  expect(JSON.stringify(made)).not.toContain(SECRET);
  expect(JSON.stringify(details?.Config.Labels)).not.toContain(SECRET);
});

test('a repeated order uses its container, even if the environment was encrypted anew', async () => {
  const deps = await depsOf();
  const key = await deps.sealingKey();
  const wanted = (token: string) => ({ labels: {}, sealedEnv: seal({ TOKEN: token }, key) });
  const first = order(wanted('one'));
  const { engine } = await createEngine(first, deps);
  const again = { ...first, target: { ...first.target, callerOptions: wanted('one') } };
  expect((await createEngine(again, deps)).engine.id).toBe(engine.id);
  const changed = { ...first, target: { ...first.target, callerOptions: wanted('two') } };
  expect((await createEngine(changed, deps)).engine.id).not.toBe(engine.id);
});

test('an environment that was encrypted with another key makes no container, and is not retried', async () => {
  const deps = await depsOf();
  const sealedEnv = seal({ TOKEN: SECRET }, await sealingKeyFrom('the key of somebody else'));
  const failure: unknown = await createEngine(order({ labels: {}, sealedEnv }), deps).catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'PermanentError', nonRetryable: true });
  expect(String(failure)).toMatch(/the API and the worker .* PORTWARD_SECRET_KEY.*PORTWARD_DATA_DIR/);
  expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain(SECRET);
  const found = await deps.docker.list([MARK, `portward.replacement=abcdef12/${numbers}`]);
  expect(found).toEqual([]);
});

/** Creates a container with the name of that order's engine; `change` changes the engine's labels. */
async function holding(wanted: EngineOrder, change: (ours: Record<string, string>) => Record<string, string>) {
  const deps = await depsOf();
  const vpnId = (await deps.docker.inspectByName(vpn))?.Id ?? '';
  const made = engineContainer(wanted, deps.variant, {}, MARK, vpnId);
  const labels = { ...change({ ...made.labels }), [RUN_LABEL]: simulation.runId };
  const id = await deps.docker.create({ ...made, labels });
  return { deps, id, name: made.name };
}

describe("a container that holds an engine's name", () => {
  test.each<[what: string, labels: (ours: Record<string, string>) => Record<string, string>]>([
    ['has no label of ours', () => ({})],
    [
      'was made by no replacement',
      (ours) => Object.fromEntries(Object.entries(ours).filter(([name]) => name !== 'portward.replacement')),
    ],
    ['was made by another replacement', (ours) => ({ ...ours, 'portward.replacement': 'abcdef12/999999' })],
    ['was made by another instance', (ours) => ({ ...ours, 'portward.instance': 'another' })],
    ['has another CONTAINER_LABEL', (ours) => ({ ...ours, 'portward.test': 'another' })],
    ["is another VPN's", (ours) => ({ ...ours, 'acestream.vpn_container': 'another' })],
  ])('and %s is not ours: it is neither used as the engine nor removed', async (_what, labels) => {
    const wanted = order();
    const { deps, id, name } = await holding(wanted, labels);
    await expect(createEngine(wanted, deps)).rejects.toThrow(/is taken by a container that is not ours/);
    await removeEngine(name, deps);
    expect((await deps.docker.inspectByName(name))?.Id).toBe(id);
  });

  test('and was made for the same order is removed by that name, and a missing one counts as removed', async () => {
    const { deps, id, name } = await holding(order(), (ours) => ours);
    await removeEngine(name, deps);
    expect(await deps.docker.inspect(id)).toBeNull();
    await removeEngine(name, deps);
  });
});

describe('ports that another program has', () => {
  test('are found before the engine starts, with their holder, by connections as well as by HTTP answers', async () => {
    const wanted = order();
    const { httpPort } = wanted.target;
    const container = await simulation.docker.getContainer(vpn).inspect();
    const name = simulation.name('torrent');
    const of = { runId: simulation.runId, vpnContainer: container.Id, name, port: httpPort };
    const holder = await startPortHolder(simulation.docker, of);
    const deps = await depsOf();
    await expect(createEngine(wanted, deps)).rejects.toMatchObject({
      type: 'PortsTaken',
      nonRetryable: true,
      message: `port ${httpPort} is taken in the network of VPN '${vpn}', by container '${name}'`,
      details: [{ taken: { ports: [httpPort], by: `container '${name}'` }, started: false }],
    });
    expect(await deps.docker.list([MARK, `portward.replacement=abcdef12/${wanted.number}`])).toEqual([]);

    const awaited = untilFree({ vpn, ports: [httpPort], withinMs: 60_000 }, deps, new AbortController().signal);
    await holder.remove();
    await awaited;
    const { engine } = await createEngine(wanted, deps);
    await until('the engine', async () => (await portsInUse(container, [httpPort], deps)).length === 1);
    // The engine listens there itself, so a repeated order is not refused.
    expect((await createEngine(wanted, deps)).engine.id).toBe(engine.id);
  });

  test('belong to a program in the VPN container if no other container shares its network', async () => {
    const wanted = order();
    const ofVpn = { ...wanted, target: { ...wanted.target, httpsPort: 8_999 } };
    await expect(createEngine(ofVpn, await depsOf())).rejects.toThrow(
      `port 8999 is taken in the network of VPN '${vpn}', by a program in the VPN's own container`,
    );
  });
});

test('an adopted engine, which no replacement has made, is removed by its id', async () => {
  const deps = await depsOf();
  const engine = await simulation.docker.createContainer({
    name: simulation.name('acestream'),
    Image: deps.variant.image,
    Labels: { [RUN_LABEL]: simulation.runId },
  });
  await removeEngine(engine.id, deps);
  expect(await deps.docker.inspect(engine.id)).toBeNull();
});
