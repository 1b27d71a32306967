import type { EngineJson } from '../../src/api/schemas/engines';
import { fleetWorkflowId } from '../../src/domain/names';
import { fleetStateQuery } from '../../src/workflows/fleet/messages';
import { playOn, type Reported } from '../contract/stream-reports';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';

// The number of engines over two VPNs: how it is kept, requested and reduced.

const PORTS = [65_290, 50_001] as const;
const MIN_REPLICAS = 4;
const MAX_REPLICAS = 6;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    vpns: PORTS.map((port) => ({ port })),
    env: {
      ...NO_PROXY,
      MIN_REPLICAS: String(MIN_REPLICAS),
      MIN_FREE_REPLICAS: '0',
      MAX_REPLICAS: String(MAX_REPLICAS),
      // So long that no engine is removed for being idle.
      ENGINE_GRACE_PERIOD_S: '600',
      // So long that nothing here depends on the repeated question.
      AUTOSCALE_INTERVAL_S: '3600',
      VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
      VPN_RESTART_ENGINES_ON_RECONNECT: 'false',
    },
  });
  await forwardedOnBoth();
}, 120_000);

afterAll(() => stage?.clear());

type OnBoth = readonly [first: EngineJson[], second: EngineJson[]];

async function forwardedOnBoth(): Promise<EngineJson[]> {
  return Promise.all(PORTS.map((port, index) => stage.forwarded(port, stage.vpn(index))));
}

/** The fresh lists of both VPNs; null: the list is stale, or there is none. */
async function listedOnBoth(): Promise<OnBoth | null> {
  const response = await fetch(`${stage.portward.url}/engines`);
  if (!response.ok || response.headers.has('x-portward-stale')) return null;
  const engines = (await response.json()) as EngineJson[];
  const on = (index: number) => engines.filter((e) => e.vpn_container === stage.vpn(index).name);
  return [on(0), on(1)];
}

/** Resolves with the listed engines once each VPN has so many and no replacement runs. */
async function spread(first: number, second: number): Promise<OnBoth> {
  const listed = () =>
    until(
      `${first} and ${second} engines in /engines`,
      async () => {
        const on = await listedOnBoth();
        return on?.[0].length === first && on[1].length === second && on;
      },
      60_000,
    );
  const before = await listed();
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
  const on = await listed();
  expect(ids(on.flat())).toEqual(ids(before.flat()));
  return on;
}

const ids = (engines: readonly EngineJson[]) => engines.map((e) => e.container_id).toSorted();
const plain = (engines: readonly EngineJson[]) => engines.filter((e) => !e.forwarded);

async function containerIds(index: number): Promise<string[]> {
  const containers = await stage.containers(stage.vpn(index));
  return containers
    .filter((c) => c.running)
    .map((c) => c.id)
    .toSorted();
}

async function post(path: string, body?: object, method = 'POST'): Promise<[number, unknown]> {
  const response = await fetch(`${stage.portward.url}${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  return [response.status, await response.json()];
}

/** Plays a stream on an engine of the second VPN and reports it, as a proxy does. */
async function played(engine: EngineJson | undefined, key: string): Promise<Reported> {
  if (!engine) throw new Error(`no engine to play '${key}' on`);
  const stream = await playOn(stage.vpn(1).address, engine, key);
  stage.onClear(() => stream.playback.stop());
  expect(await post('/events/stream_started', stream.report)).toMatchObject([200, { status: 'started' }]);
  return stream;
}

async function end({ id, playback }: Reported): Promise<void> {
  await playback.stop();
  const [status, answer] = await post('/events/stream_ended', { stream_id: id });
  expect([status, answer]).toMatchObject([200, { updated: true, stream: { status: 'ended' } }]);
}

/** Resolves when the log has, from that line on, the new target of two engines for both VPNs. */
async function toldTwoEach(from: number): Promise<void> {
  for (const { name } of stage.vpns) {
    await stage.portward.untilLog(new RegExp(`\\[${name}\\] Target is now 2 engines`), { from });
  }
}

test('MIN_REPLICAS engines are spread evenly over both VPNs, each with its forwarded one', async () => {
  const on = await spread(2, 2);
  for (const [index, engines] of on.entries()) {
    expect(engines.filter((e) => e.forwarded).map((e) => e.p2p_port)).toEqual([PORTS[index]]);
    expect(await containerIds(index)).toEqual(ids(engines));
  }
});

test('POST /scale/{n} brings up the wanted number of engines evenly, and refuses more than the maximum', async () => {
  const [status, answer] = await post(`/scale/${MAX_REPLICAS}`);
  expect([status, answer]).toEqual([200, { scaled_to: MAX_REPLICAS }]);
  const on = await spread(3, 3);
  expect(await post(`/scale/${MAX_REPLICAS + 1}`)).toMatchObject([
    503,
    { detail: { error: 'provisioning_blocked', code: 'max_capacity' } },
  ]);
  expect((await spread(3, 3)).map(ids)).toEqual(on.map(ids));
});

test('if somebody terminates the fleet workflow, it is started again with the number that was asked for, and no engine is touched', async () => {
  const on = await spread(3, 3);
  const { workflow } = await stage.client();
  const fleet = workflow.getHandle(fleetWorkflowId(stage.simulation.runId));
  await fleet.terminate('by a test');
  await until(
    'the fleet workflow started again',
    async () => (await fleet.describe()).status.name === 'RUNNING',
    60_000,
  );
  const { wanted, demand } = await until('its first decision', async () => {
    const state = await fleet.query(fleetStateQuery);
    return state.wanted !== null && state.members.length === 2 && state.members.every((m) => m.answers) && state;
  });
  expect([wanted, demand]).toEqual([MAX_REPLICAS, MAX_REPLICAS]);
  expect((await spread(3, 3)).map(ids)).toEqual(on.map(ids));
  // The supervision of the workflows leaves no listeners behind: Node.js would warn of too many.
  expect(stage.portward.logLines.filter(({ text }) => /MaxListeners/.test(text))).toEqual([]);
}, 120_000);

test('POST /gc removes surplus idle engines at once, but no engine with a stream and no forwarded one', async () => {
  const forwarded = await forwardedOnBoth();
  const [, onSecond] = await spread(3, 3);
  // The youngest engine, which would be removed first.
  const [youngest] = plain(onSecond).toSorted((a, b) => Date.parse(b.first_seen) - Date.parse(a.first_seen));
  const stream = await played(youngest, 'kept by its stream');
  const from = stage.portward.logLines.length;
  expect(await post('/scale/0')).toEqual([200, { scaled_to: MIN_REPLICAS }]);
  await toldTwoEach(from);
  await spread(3, 3);
  expect(await post('/gc')).toEqual([200, { status: 'ok' }]);
  const on = await spread(2, 2);
  expect(ids(on[1])).toContain(youngest?.container_id);
  expect(ids(on.flat())).toEqual(expect.arrayContaining(ids(forwarded)));
  await end(stream);
});

test('an engine that is deleted by its id is removed, and another one takes its place', async () => {
  const [onFirst] = await spread(2, 2);
  const [victim] = plain(onFirst);
  const id = victim?.container_id ?? '';
  expect(await post(`/containers/${id}`, undefined, 'DELETE')).toEqual([200, { deleted: id }]);
  await until('its container gone', async () => !(await containerIds(0)).includes(id), 30_000);
  const [again] = await spread(2, 2);
  expect(ids(again)).not.toContain(id);
});
