import { EngineLists, Images } from '../../../src/activities/docker/lists';
import { hasLost } from '../../../src/activities/docker/snapshot';
import { DockerReader } from '../../../src/activities/docker/reader';
import { DockerHost, type ContainerDetails } from '../../../src/clients/docker/docker-host';
import type { ListedContainer } from '../../../src/clients/docker/listed-container';
import { label } from '../../../src/domain/names';
import { ensureSimulatorImage } from '../../../simulator/image';
import { Containers } from './containers';
import { until } from '../../simulator/until';
import { DockerProxy } from './docker-proxy';

const containers = new Containers();
const direct = new DockerHost(containers.docker);
const proxy = new DockerProxy();
const INSTANCE = 'test';
let image: string;
beforeAll(async () => {
  await proxy.start();
  image = await ensureSimulatorImage(containers.docker);
});
afterAll(async () => {
  await proxy.stop();
  await containers.remove();
});

/** A VPN with engines in its network, and a way to read them through the proxy. */
class Observed {
  constructor(
    readonly id: string,
    readonly vpn: string,
  ) {}

  static async start(): Promise<Observed> {
    const id = await containers.startNetwork();
    const details = await direct.inspect(id);
    return new Observed(id, details?.Name.slice(1) ?? '');
  }

  async engine(httpPort: number, labels: Record<string, string> = {}, env: string[] = []): Promise<string> {
    const id = await direct.create(
      await containers.engine(this.id, {
        env: [`HTTP_PORT=${httpPort}`, ...env],
        labels: { [label.vpn]: this.vpn, [label.httpPort]: String(httpPort), [label.instance]: INSTANCE, ...labels },
      }),
    );
    await direct.start(id);
    return id;
  }

  reader(docker = new DockerHost(proxy.client)): DockerReader {
    const { runLabel: containerLabel } = containers;
    return new DockerReader(
      { docker, lists: new EngineLists(docker, containerLabel), images: new Images(docker) },
      { vpn: this.vpn, instance: INSTANCE, containerLabel },
    );
  }
}

test("a VPN without a container of its name is absent, even if another container's id begins with that name", async () => {
  const stranger = await containers.startNetwork();
  const snapshot = await new Observed(stranger, stranger.slice(0, 10)).reader().snapshot(image);
  expect(snapshot).toMatchObject({ vpn: { kind: 'absent' }, details: null });
});

test('a VPN whose name only a Compose service has is absent, with the containers of that service', async () => {
  const service = containers.name('service');
  const made = await containers.engine(await containers.startNetwork(), {
    labels: { 'com.docker.compose.service': service },
  });
  await direct.create(made);
  const { vpn } = await new Observed('', service).reader().snapshot(image);
  expect(vpn).toEqual({ kind: 'absent', ofService: [made.name] });
});

const ids = (snapshot: { engines: readonly { id: string }[] }) => snapshot.engines.map((e) => e.id).toSorted();

test('a snapshot has the VPN and its engines, with ports, role and session', async () => {
  const at = await Observed.start();
  const forwarded = await at.engine(19_100, {
    [label.httpsPort]: '45100',
    [label.forwarded]: 'true',
    [label.p2pPort]: '65290',
  });
  const plain = await at.engine(19_101);
  const snapshot = await at.reader().snapshot(image);
  expect(snapshot.vpn).toEqual({
    kind: 'present',
    id: at.id,
    startedAt: expect.any(Number),
    running: true,
    health: 'none',
    portForwarding: false,
  });
  expect(snapshot.imagePresent).toBe(true);
  const engines = new Map(snapshot.engines.map((e) => [e.id, e]));
  expect(engines.get(forwarded)).toMatchObject({
    role: 'forwarded',
    httpPort: 19_100,
    httpsPort: 45_100,
    p2pPort: 65_290,
    running: true,
    startedAt: expect.any(Number),
    networkOf: at.id,
  });
  expect(engines.get(plain)).toMatchObject({ role: 'plain', httpPort: 19_101, httpsPort: null, p2pPort: null });
});

test('the P2P port of an engine that Portward did not make is found in its environment', async () => {
  const at = await Observed.start();
  await at.engine(19_110, { [label.forwarded]: 'true' }, ['CONF=--http-port=19110\n--port=65290']);
  expect((await at.reader().snapshot(image)).engines).toMatchObject([{ role: 'forwarded', p2pPort: 65_290 }]);
});

test("another VPN's and another instance's containers are not ours; those without an instance are (I5)", async () => {
  const at = await Observed.start();
  const ours = await at.engine(19_120);
  const adopted = await direct.create(
    await containers.engine(at.id, { labels: { [label.vpn]: at.vpn, [label.hostHttpPort]: '19121' } }),
  );
  await at.engine(19_122, { [label.instance]: 'another' });
  await at.engine(19_123, { [label.vpn]: 'another-vpn' });
  await direct.create(await containers.engine(at.id, { labels: { [label.vpn]: at.vpn } }));
  const snapshot = await at.reader().snapshot(image);
  expect(ids(snapshot)).toEqual([ours, adopted].toSorted());
  expect(snapshot.engines.find((e) => e.id === adopted)).toMatchObject({
    running: false,
    startedAt: null,
    httpPort: 19_121,
  });
});

test('a pulled image is seen by the next snapshot, although no container event tells of it', async () => {
  const at = await Observed.start();
  const [repo, tag] = [`portward-test-look-${containers.runId}`, 'comes'];
  const reader = at.reader(direct);
  expect((await reader.snapshot(`${repo}:${tag}`)).imagePresent).toBe(false);
  await containers.docker.getImage(image).tag({ repo, tag });
  try {
    expect((await reader.snapshot(`${repo}:${tag}`)).imagePresent).toBe(true);
  } finally {
    await containers.docker.getImage(`${repo}:${tag}`).remove();
  }
});

test('a missing VPN container is absent, and its engines are still in the snapshot', async () => {
  const at = await Observed.start();
  const engine = await at.engine(19_130);
  await direct.remove(at.id);
  const snapshot = await at.reader().snapshot(image);
  expect(snapshot.vpn).toEqual({ kind: 'absent' });
  expect(ids(snapshot)).toEqual([engine]);
});

/** Removes an engine between its list and its inspection. */
class Vanishing extends DockerHost {
  constructor(private readonly victim: string) {
    super(containers.docker);
  }

  override async list(labels: readonly string[]): Promise<ListedContainer[]> {
    const listed = await super.list(labels);
    await direct.remove(this.victim);
    return listed;
  }
}

test('an engine that vanishes during a snapshot does not hide the others', async () => {
  const at = await Observed.start();
  const staying = [await at.engine(19_140), await at.engine(19_141)];
  const reader = at.reader(new Vanishing(await at.engine(19_142)));
  expect(ids(await reader.snapshot(image))).toEqual(staying.toSorted());
});

test('a snapshot of an idle VPN costs no call to Docker', async () => {
  const at = await Observed.start();
  for (const port of [19_150, 19_151, 19_152]) await at.engine(port);
  const reader = at.reader();
  proxy.asked.length = 0;
  const first = await reader.snapshot(image);
  expect(proxy.asked).toHaveLength(3 + first.engines.length);
  proxy.asked.length = 0;
  for (let i = 0; i < 10; i++) expect(ids(await reader.snapshot(image))).toEqual(ids(first));
  expect(proxy.asked).toEqual([]);
});

test("after an engine's event only the list and that engine are read again, and an ended engine's last output", async () => {
  const at = await Observed.start();
  const changed = await at.engine(19_160);
  await at.engine(19_161);
  const reader = at.reader();
  await reader.snapshot(image);
  await direct.stop(changed, 0);
  proxy.asked.length = 0;
  reader.forgetEngine(changed);
  const snapshot = await reader.snapshot(image);
  const exit = { code: expect.any(Number), outOfMemory: false };
  expect(snapshot.engines.find((e) => e.id === changed)).toMatchObject({ running: false, startedAt: null, exit });
  for (const what of ['json', 'logs']) {
    expect(proxy.asked.filter((request) => request === `GET /containers/${changed}/${what}`)).toHaveLength(1);
  }
  expect(proxy.asked).toHaveLength(3);
});

test('when events may have been missed, everything is read again', async () => {
  const at = await Observed.start();
  const engine = await at.engine(19_170);
  const reader = at.reader();
  const before = await reader.snapshot(image);
  await containers.docker.getContainer(engine).restart({ t: 0 });
  reader.forgetAll();
  const after = await reader.snapshot(image);
  expect(Number(after.engines[0]?.startedAt)).toBeGreaterThan(Number(before.engines[0]?.startedAt));
});

/** An engine starts while the snapshot without it is still being taken. */
class Overtaken extends DockerHost {
  meanwhile: (() => Promise<void>) | null = null;

  constructor() {
    super(containers.docker);
  }

  override async list(labels: readonly string[]): Promise<ListedContainer[]> {
    const listed = await super.list(labels);
    await this.meanwhile?.();
    this.meanwhile = null;
    return listed;
  }
}

test('an event during a snapshot is not lost: the next one reads again', async () => {
  const at = await Observed.start();
  const docker = new Overtaken();
  const reader = at.reader(docker);
  let engine = '';
  docker.meanwhile = async () => {
    engine = await at.engine(19_180);
    reader.forgetEngine(engine);
  };
  expect(ids(await reader.snapshot(image))).toEqual([]);
  expect(ids(await reader.snapshot(image))).toEqual([engine]);
});

/** An engine restarts while its details are being read. */
class OvertakenDetails extends DockerHost {
  meanwhile: (() => Promise<void>) | null = null;

  constructor(private readonly about: string) {
    super(containers.docker);
  }

  override async inspect(idOrName: string): Promise<ContainerDetails | null> {
    const details = await super.inspect(idOrName);
    if (idOrName !== this.about) return details;
    const { meanwhile } = this;
    this.meanwhile = null;
    await meanwhile?.();
    return details;
  }
}

test('details that were read before an event are not reused', async () => {
  const at = await Observed.start();
  const engine = await at.engine(19_190);
  const docker = new OvertakenDetails(engine);
  const reader = at.reader(docker);
  docker.meanwhile = async () => {
    await containers.docker.getContainer(engine).restart({ t: 0 });
    reader.forgetEngine(engine);
  };
  const before = await reader.snapshot(image);
  const after = await reader.snapshot(image);
  expect(Number(after.engines[0]?.startedAt)).toBeGreaterThan(Number(before.engines[0]?.startedAt));
});

test('an engine that keeps crashing does not count as running between its runs, although Docker says so', async () => {
  const at = await Observed.start();
  // With a taken port it exits as soon as it starts, and Docker restarts it at growing pauses.
  await at.engine(19_100);
  const crashing = await at.engine(19_100);
  const seen = await until('a snapshot between two runs', async () => {
    const engine = (await at.reader().snapshot(image)).engines.find((e) => e.id === crashing);
    return engine?.running === false ? engine : null;
  });
  expect(seen.startedAt).toBeNull();
});

test('an engine whose release had begun is recognised by its restart policy', async () => {
  const at = await Observed.start();
  const kept = await at.engine(19_100, { [label.replacement]: 'abc/1' });
  const evicted = await at.engine(19_101, { [label.replacement]: 'abc/2' });
  await direct.forbidRestart(evicted);
  const { engines } = await at.reader().snapshot(image);
  expect(engines.filter((e) => e.evicted).map((e) => e.id)).toEqual([evicted]);
  expect(engines.map((e) => e.id).toSorted()).toEqual([kept, evicted].toSorted());
});

test('an engine that ended, was removed or was restarted counts as lost, as does the network; a new engine does not', async () => {
  const at = await Observed.start();
  const engines = [await at.engine(19_190), await at.engine(19_191), await at.engine(19_192)];
  const reader = at.reader();
  const snapshot = () => {
    reader.forgetAll();
    return reader.snapshot(image);
  };
  const all = await snapshot();
  await at.engine(19_193);
  expect(hasLost(all, await snapshot())).toBe(false);
  const [ended = '', removed = '', restarted = ''] = engines;
  const losses = [
    () => direct.stop(ended, 0),
    () => direct.remove(removed),
    () => containers.docker.getContainer(restarted).restart({ t: 0 }),
    () => containers.docker.getContainer(at.id).restart({ t: 0 }),
  ];
  for (const lose of losses) {
    const before = await snapshot();
    expect(hasLost(before, await snapshot())).toBe(false);
    await lose();
    expect(hasLost(before, await snapshot())).toBe(true);
  }
});
