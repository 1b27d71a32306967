import pino from 'pino';
import type { DockerSnapshot } from '../../src/activities/docker/snapshot';
import { HostWatch, type VpnListener, type VpnOnHost } from '../../src/activities/docker/host-watch';
import type { VpnMemory } from '../../src/activities/observe/vpn-memory';
import { VpnDoubt } from '../../src/activities/observe/vpn-doubt';
import type { ContainerEvent } from '../../src/clients/docker/docker-events';
import { label } from '../../src/domain/names';
import { DAY } from '../builders';
import { DockerInMemory, EventsInMemory, type ContainerInMemory } from './docker-in-memory';

const INTERVAL_MS = 5_000;
const MINUTE_MS = 60_000;
const LABEL = 'ours=yes';
const silent = pino({ level: 'silent' });

/** Records what the watch of one VPN is told by the host's watch. */
class Watching implements VpnListener {
  latest: DockerSnapshot | null = null;
  woken = 0;
  doubts = 0;
  hints = 0;
  failure: unknown = null;
  private readonly onHost: VpnOnHost;

  constructor(
    host: HostWatch,
    readonly vpn: string,
    doubt = new VpnDoubt(),
  ) {
    const memory = { doubt, health: { doubt: () => undefined } } as unknown as VpnMemory;
    this.onHost = host.join({ vpn, instance: 'test', memory }, this);
    this.refresh();
  }

  readonly changed = (): void => {
    this.woken++;
    this.refresh();
  };

  readonly doubt = (): void => {
    this.doubts++;
    this.changed();
  };

  readonly hint = (): void => void this.hints++;

  leave(): void {
    this.onHost.leave();
  }

  private refresh(): void {
    this.onHost.snapshot('image').then(
      (snapshot) => Object.assign(this, { latest: snapshot, failure: null }),
      (failure: unknown) => (this.failure = failure),
    );
  }
}

let docker: DockerInMemory;
let events: EventsInMemory;
let stopping: AbortController;
let host: HostWatch;
beforeEach(() => {
  jest.useFakeTimers({ now: DAY, doNotFake: ['setImmediate', 'nextTick'] });
  [docker, events, stopping] = [new DockerInMemory(), new EventsInMemory(), new AbortController()];
  host = new HostWatch({
    ...{ docker: docker.host, events: events.events, stopping: stopping.signal, log: silent },
    ...{ containerLabel: LABEL, intervalMs: INTERVAL_MS },
  });
});
afterEach(() => {
  stopping.abort();
  jest.useRealTimers();
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await jest.advanceTimersByTimeAsync(Math.min(500, ms - passed));
    await settle();
  }
}

interface Site {
  readonly vpn: ContainerInMemory;
  readonly engine: ContainerInMemory;
  readonly watch: Watching;
}

function site(name: string): Site {
  const vpn = docker.add({ id: `id-${name}`, name, health: 'healthy', startedAt: DAY - 600_000 });
  const labels = { ours: 'yes', [label.vpn]: name, [label.httpPort]: '19000' };
  const engine = docker.add({ id: `engine-${name}`, name: `e-${name}`, labels, startedAt: DAY - 300_000 });
  return { vpn, engine, watch: new Watching(host, name) };
}

async function sites(count: number): Promise<[Site, ...Site[]]> {
  const all = Array.from({ length: count }, (_, i) => site(`vpn${i}`));
  await pass(MINUTE_MS);
  const [first, ...others] = all;
  if (!first) throw new Error('expected a VPN at least');
  return [first, ...others];
}

function event(action: string, { id, name, labels }: ContainerInMemory): ContainerEvent {
  return { action, id, attributes: { ...labels, name } };
}

const healthOf = ({ watch }: Site) => watch.latest?.vpn.kind === 'present' && watch.latest.vpn.health;

test.each([1, 10, 100])('watching %d VPNs on which nothing happens costs 16 calls a minute', async (count) => {
  const all = await sites(count);
  docker.asked = [];
  await pass(MINUTE_MS);
  expect(docker.asked.toSorted()).toEqual([
    ...Array.from({ length: 2 }, () => 'image'),
    ...Array.from({ length: MINUTE_MS / INTERVAL_MS }, () => 'list by name'),
    ...Array.from({ length: 2 }, () => `list ${LABEL}`),
  ]);
  for (const { watch } of all) expect(Date.now() - (watch.latest?.at ?? 0)).toBeLessThanOrEqual(INTERVAL_MS);
});

test('snapshots of VPNs at the same moment share one list of engines', async () => {
  const all = Array.from({ length: 20 }, (_, i) => site(`vpn${i}`));
  await settle();
  for (const { watch, engine } of all) expect(watch.latest?.engines.map((e) => e.id)).toEqual([engine.id]);
  expect(docker.asked.filter((what) => what.startsWith('list'))).toEqual([`list ${LABEL}`]);
});

test('an event wakes only the VPN that it concerns, and only its object is read', async () => {
  const [first, second] = await sites(2);
  docker.asked = [];
  const before = second?.watch.woken;
  first.vpn.health = 'unhealthy';
  events.tell(event('health_status: unhealthy', first.vpn));
  await settle();
  expect([healthOf(first), first.watch.doubts, docker.asked]).toEqual(['unhealthy', 1, ['inspect vpn0']]);
  docker.asked = [];
  first.engine.running = false;
  events.tell(event('die', first.engine));
  await settle();
  expect(first.watch.latest?.engines).toMatchObject([{ running: false }]);
  expect(docker.asked).toEqual([`list ${LABEL} ${label.vpn}=vpn0`, 'inspect engine-vpn0']);
  expect(second?.watch.woken).toBe(before);
});

describe('a change without an event', () => {
  test("in a VPN's health, or its end, removal or re-creation, is seen within a check", async () => {
    const all = await sites(4);
    const [ill, ended, removed, made] = all;
    ill.vpn.health = 'unhealthy';
    if (ended) ended.vpn.running = false;
    docker.containers.splice(
      docker.containers.findIndex((c) => c === removed?.vpn),
      1,
    );
    docker.containers.splice(
      docker.containers.findIndex((c) => c === made?.vpn),
      1,
    );
    docker.add({ id: 'another', name: 'vpn3' });
    docker.asked = [];
    await pass(INTERVAL_MS);
    expect(all.map(({ watch }) => watch.latest?.vpn)).toMatchObject([
      { health: 'unhealthy' },
      { running: false },
      { kind: 'absent' },
      { id: 'another' },
    ]);
    expect(docker.asked.filter((what) => what.startsWith('inspect'))).toHaveLength(4);
  });

  test.each([20, 90, 7_200])(
    'such as a restart of a VPN after %d s is seen within a check, by its uptime',
    async (upS) => {
      const [first] = await sites(1);
      first.vpn.startedAt = Date.now() - upS * 1_000;
      events.tell(event('start', first.vpn));
      await pass(INTERVAL_MS);
      const startedAt = (first.vpn.startedAt = Date.now() - 300);
      await pass(INTERVAL_MS);
      expect(first.watch.latest?.vpn).toMatchObject({ startedAt });
    },
  );

  test("such as an engine's end or restart is seen within half a minute", async () => {
    const [first, second] = await sites(2);
    first.engine.running = false;
    const startedAt = Date.now() - 300;
    if (second) second.engine.startedAt = startedAt;
    await pass(30_000);
    expect(first.watch.latest?.engines).toMatchObject([{ running: false }]);
    expect(second?.watch.latest?.engines).toMatchObject([{ running: true, startedAt }]);
  });

  test('is seen within 2 s while events are known to be missing', async () => {
    const [first] = await sites(1);
    events.areMissing = true;
    events.tell(null);
    await settle();
    first.vpn.health = 'unhealthy';
    first.engine.running = false;
    await pass(2_000);
    expect(healthOf(first)).toBe('unhealthy');
    expect(first.watch.latest?.engines).toMatchObject([{ running: false }]);
    docker.asked = [];
    await pass(MINUTE_MS);
    expect(docker.asked.length).toBeLessThanOrEqual(62);
  });

  test('is looked for at once when events may have been missed', async () => {
    const [first] = await sites(1);
    first.vpn.health = 'unhealthy';
    first.engine.startedAt = Date.now();
    events.tell(null);
    await settle();
    expect(healthOf(first)).toBe('unhealthy');
    expect(first.watch.latest?.engines).toMatchObject([{ startedAt: first.engine.startedAt }]);
  });
});

test('each VPN learns at the next check that Docker is unreachable, and earlier snapshots no longer count', async () => {
  const all = await sites(2);
  docker.failure = new Error('away');
  await pass(INTERVAL_MS);
  expect(all.map(({ watch }) => watch.failure)).toEqual([docker.failure, docker.failure]);
  docker.failure = null;
  docker.asked = [];
  await pass(INTERVAL_MS);
  expect(all.map(({ watch }) => watch.failure)).toEqual([null, null]);
  expect(docker.asked.filter((what) => what.startsWith('inspect'))).toEqual(['inspect vpn0', 'inspect vpn1']);
});

describe('between two watches of a VPN', () => {
  test('events are still received, and the next watch finds what they changed', async () => {
    const [first] = await sites(1);
    first.watch.leave();
    first.vpn.health = 'unhealthy';
    events.tell(event('health_status: unhealthy', first.vpn));
    const next = new Watching(host, 'vpn0');
    await settle();
    expect(next.latest?.vpn).toMatchObject({ health: 'unhealthy' });
  });

  test('its log is followed for another minute', async () => {
    const [first] = await sites(1);
    first.watch.leave();
    await pass(30_000);
    const next = new Watching(host, 'vpn0');
    docker.logs.get(first.vpn.id)?.write('INFO [port forwarding] starting\n');
    await settle();
    expect([next.hints, first.watch.hints]).toEqual([1, 0]);
    next.leave();
    await pass(MINUTE_MS);
    expect(docker.logs.size).toBe(0);
    docker.asked = [];
    await pass(MINUTE_MS);
    expect(docker.asked).toEqual([]);
  });
});

test('a log is followed once for each run of its container, and no longer than the worker runs', async () => {
  const [first] = await sites(1);
  expect(docker.logs.size).toBe(1);
  first.vpn.running = false;
  docker.logs.get(first.vpn.id)?.end();
  events.tell(event('die', first.vpn));
  await pass(INTERVAL_MS);
  expect(docker.logs.size).toBe(0);
  first.vpn.running = true;
  first.vpn.startedAt = Date.now();
  docker.asked = [];
  events.tell(event('start', first.vpn));
  await settle();
  await pass(MINUTE_MS);
  expect(docker.asked.filter((what) => what.startsWith('log'))).toEqual([`log ${first.vpn.id}`]);
  docker.logs.get(first.vpn.id)?.write('some line\nINFO [vpn] stopping\n');
  await settle();
  expect(first.watch.hints).toBe(1);
  stopping.abort();
  await settle();
  expect(docker.logs.size).toBe(0);
});
