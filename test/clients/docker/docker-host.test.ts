import { DockerHost } from '../../../src/clients/docker/docker-host';
import { ensureSimulatorImage } from '../../../simulator/image';
import { logsOf } from '../../simulator/simulation';
import { until } from '../../simulator/until';
import { Containers } from './containers';

const containers = new Containers();
const { docker } = containers;
const host = new DockerHost(docker);
let network: string;
beforeAll(async () => {
  network = await containers.startNetwork();
});
afterAll(() => containers.remove());

async function started(env: string[] = []): Promise<string> {
  const id = await host.create(await containers.engine(network, { env }));
  await host.start(id);
  return id;
}

/** Waits until its program runs, so that it handles SIGTERM as expected. */
async function booted(id: string): Promise<void> {
  await until('an engine', async () => (await logsOf(docker.getContainer(id))).includes('engine listens'));
}

test('a list has the containers with all of the labels, running or not, and no others', async () => {
  const mark = `portward.test=${containers.name('mark')}`;
  const [name = '', value = ''] = mark.split('=');
  const created = await containers.engine(network, { labels: { [name]: value, role: 'one' } });
  const stopped = await host.create(created);
  const running = await host.create(await containers.engine(network, { labels: { [name]: value } }));
  await host.start(running);
  await host.create(await containers.engine(network, { labels: { role: 'one' } }));

  const both = await host.list([containers.runLabel, mark]);
  expect(new Map(both.map((c) => [c.id, c.running]))).toEqual(
    new Map([
      [stopped, false],
      [running, true],
    ]),
  );
  expect(await host.list([mark, 'role=one'])).toEqual([
    {
      id: stopped,
      name: created.name,
      labels: expect.objectContaining(created.labels),
      running: false,
      createdAt: expect.any(Number),
      networkOf: network,
      state: 'created',
      status: 'Created',
    },
  ]);
  expect(Math.abs(Date.now() - (both[0]?.createdAt ?? 0))).toBeLessThan(60_000);
  expect(await host.list([mark, 'role=two'])).toEqual([]);
});

test('a container is created in the network of another, is restarted by Docker, and publishes no port', async () => {
  const wanted = await containers.engine(network, {
    env: ['CONF=--http-port=19000\n--bind-all', 'P2P_PORT=65290'],
    command: ['--port', '1'],
    labels: { 'acestream.http_port': '19000' },
  });
  const details = await host.inspect(await host.create(wanted));
  expect(details?.Name).toBe(`/${wanted.name}`);
  expect(details?.Config).toMatchObject({ Image: wanted.image, Cmd: wanted.command, Labels: wanted.labels });
  expect(details?.Config.Env).toEqual(expect.arrayContaining([...wanted.env]));
  expect(details?.HostConfig.NetworkMode).toBe(`container:${network}`);
  expect(details?.HostConfig.RestartPolicy?.Name).toBe('unless-stopped');
  expect(details?.HostConfig.PortBindings ?? {}).toEqual({});
});

test('without a command the image keeps its own entry point and command', async () => {
  const details = await host.inspect(await host.create(await containers.engine(network)));
  expect(details?.Config.Entrypoint).toEqual(expect.arrayContaining(['/node']));
  expect(details?.Config.Cmd ?? []).toEqual([]);
});

test('a name that is taken is refused with a 409', async () => {
  const wanted = await containers.engine(network);
  await host.create(wanted);
  await expect(host.create(wanted)).rejects.toMatchObject({ statusCode: 409 });
});

test('a missing image is refused with a 404', async () => {
  const wanted = await containers.engine(network, { image: 'portward-simulator:none' });
  await expect(host.create(wanted)).rejects.toMatchObject({ statusCode: 404 });
  expect(await host.hasImage('portward-simulator:none')).toBe(false);
  expect(await host.hasImage(await ensureSimulatorImage(docker))).toBe(true);
});

test('an image that can not be pulled is an error with the reason', async () => {
  const never = new AbortController().signal;
  await expect(host.pull('127.0.0.1:1/none:none', never, () => undefined)).rejects.toThrow(/127\.0\.0\.1:1/);
});

test('starting a running container is a success', async () => {
  const id = await started();
  const before = await host.inspect(id);
  await host.start(id);
  expect((await host.inspect(id))?.State).toMatchObject({ Running: true, StartedAt: before?.State.StartedAt });
});

test('starting a container that is gone, or has no network, is an error', async () => {
  const id = await started();
  await host.remove(id);
  await expect(host.start(id)).rejects.toMatchObject({ statusCode: 404 });
  const lost = await host.create(await containers.engine(await host.create(await containers.engine(network))));
  await expect(host.start(lost)).rejects.toMatchObject({ statusCode: expect.any(Number) });
});

test('stopping a container that has stopped, or is gone, is a success', async () => {
  const id = await started(['STOP_BEHAVIOUR=prompt']);
  await booted(id);
  await host.stop(id, 10);
  expect((await host.inspect(id))?.State.Running).toBe(false);
  await host.stop(id, 10);
  await host.remove(id);
  await host.stop(id, 10);
});

test('a container that ignores SIGTERM is killed after the time-out, and not before', async () => {
  const id = await started(['STOP_BEHAVIOUR=ignore']);
  await booted(id);
  const began = performance.now();
  await host.stop(id, 1);
  const took = performance.now() - began;
  expect((await host.inspect(id))?.State).toMatchObject({ Running: false, ExitCode: 137 });
  expect(took).toBeGreaterThan(950);
  expect(await logsOf(docker.getContainer(id))).toContain('SIGTERM');
});

test('with a time-out of 0 a container is killed at once', async () => {
  const id = await started(['STOP_BEHAVIOUR=ignore']);
  await booted(id);
  await host.stop(id, 0);
  expect((await host.inspect(id))?.State).toMatchObject({ Running: false, ExitCode: 137 });
});

test('a container whose restart is forbidden is not restarted when it dies', async () => {
  const id = await started();
  await host.forbidRestart(id);
  expect((await host.inspect(id))?.HostConfig.RestartPolicy?.Name).toBe('no');
  await docker.getContainer(id).kill();
  await docker.getContainer(id).wait();
  expect((await host.inspect(id))?.State).toMatchObject({ Running: false, Restarting: false });
  await host.remove(id);
  await host.forbidRestart(id);
});

test('removing a running container removes it, and removing one that is gone is a success', async () => {
  const id = await started();
  await host.remove(id);
  expect(await host.inspect(id)).toBeNull();
  await host.remove(id);
});

test('each of several removals at once returns only when the container is gone', async () => {
  const id = await started();
  const removals = Array.from({ length: 4 }, async () => {
    await host.remove(id);
    return host.inspect(id);
  });
  expect(await Promise.all(removals)).toEqual([null, null, null, null]);
});

test('a container is found by its whole name or its whole id, and never by the beginning of an id', async () => {
  const wanted = await containers.engine(network);
  const id = await host.create(wanted);
  expect((await host.inspectByName(wanted.name))?.Id).toBe(id);
  expect((await host.inspect(id))?.Name).toBe(`/${wanted.name}`);
  const beginning = id.slice(0, 12);
  expect((await docker.getContainer(beginning).inspect()).Id).toBe(id);
  for (const reference of [beginning, id, `${wanted.name}-none`])
    expect(await host.inspectByName(reference)).toBeNull();
  for (const reference of [beginning, wanted.name]) expect(await host.inspect(reference)).toBeNull();
});
