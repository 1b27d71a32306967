import type { VpnJson } from '../../src/api/schemas';
import { until } from '../simulator/until';
import { DockerGate } from './docker-gate';
import { Stage } from './stage';
import { steadily } from './steadily';

// A VPN that Docker calls unhealthy for too long is restarted, one remedy at a time; one that is starting is waited for.

const TIMEOUT_S = 1;
const LONG_MS = 3_000 * TIMEOUT_S;

const stage = new Stage();

let gate: DockerGate;

beforeAll(async () => {
  gate = await DockerGate.open();
  const vpn = await stage.addVpn({ healthIntervalMs: 300, startDelayMs: 2_000 });
  await vpn.setHealth(false);
  await stage.startPortward({
    DOCKER_HOST: gate.address,
    MIN_REPLICAS: '2',
    VPN_UNHEALTHY_RESTART_TIMEOUT_S: String(TIMEOUT_S),
  });
}, 60_000);

afterAll(async () => {
  await stage.clear();
  await gate.shut();
});

/** When Docker started the VPN's container: another time after each restart. */
async function startedAt(): Promise<string> {
  return (await stage.simulation.docker.getContainer(stage.vpn().containerId).inspect()).State.StartedAt;
}

async function health(is: VpnJson['health']): Promise<void> {
  await until(`the VPN shown as ${is}`, async () => (await stage.statusOf()).health === is);
}

/** Much longer than the timeout, and all the time the same. */
function stays(is: VpnJson['health']): Promise<void> {
  return steadily(`the VPN ${is}`, LONG_MS, async () => (await stage.statusOf()).health === is);
}

function remediesSaid(): string[] {
  return stage.portward.logLines.map((line) => line.text).filter((text) => /restarting its container/.test(text));
}

/** Resolves with the engines when Portward has restarted the VPN and made its engines anew. */
async function cured(before: string): Promise<void> {
  await until('another run of the VPN container', async () => (await startedAt()) !== before, 30_000);
  await stage.vpn().untilAnswering();
  await stage.forwarded(65_290);
  await stage.listed(2);
  await stage.quiet();
}

test('a VPN that is starting is not unhealthy: however long it takes it is left alone, and its port is not asked for', async () => {
  const before = await startedAt();
  await health('starting');
  await stays('starting');
  expect(await startedAt()).toBe(before);
  expect(await stage.statusOf()).toMatchObject({ remedy: null, forwarding: 'unknown', port_problem: null, engines: 0 });
  expect((await stage.vpn().requests()).map((r) => r.path)).toEqual([]);
  await stage.vpn().setHealth(true);
  await stage.forwarded(65_290);
  await stage.listed(2);
  await stage.quiet();
});

test('a health check that fails over a tunnel that works: said so, restarted once, and the engines made anew', async () => {
  const before = await startedAt();
  const old = (await stage.containers()).map((c) => c.id);
  // The container takes longer to stop than the timeout: a second remedy would have its time.
  await stage.vpn().setChangeTimes({ downCommandMs: 2_500 });
  await stage.vpn().setHealth(false);
  // An engine has half a second to say so; on a busy machine not every one does.
  await stage.portward.untilLog(
    /is unhealthy: its engines are hidden, though (one|2) of them says? .* live connections/,
  );
  await stage.portward.untilLog(/has been unhealthy for \d+ s - restarting its container/);
  const during = await until('the remedy in status', async () => (await stage.statusOf()).remedy);
  expect(during).toMatchObject({ kind: 'restart container', ended_at: null, error: null });
  expect(await stage.engines()).toEqual([]);
  await cured(before);

  const containers = await stage.containers();
  expect(containers).toHaveLength(2);
  expect(containers.filter((c) => old.includes(c.id))).toEqual([]);
  expect(remediesSaid()).toHaveLength(1);
  expect(await stage.statusOf()).toMatchObject({
    health: 'healthy',
    problem: null,
    remedy: { kind: 'restart container', started_at: during.started_at, ended_at: expect.any(String), error: null },
  });
});

test('a tunnel that is dead is not said to be alive; the second restart waits twice as long, and one that Docker refuses is told and tried again', async () => {
  const before = await startedAt();
  const from = stage.portward.logLines.length;
  gate.rule = (method, path) =>
    method === 'POST' && path.includes('/restart') ? { status: 403, message: 'not permitted by this test' } : null;
  await stage.vpn().killTunnel({ unhealthyAfterMs: 0 });
  const { text } = await stage.portward.untilLog(/is unhealthy: its engines are hidden/, { from });
  expect(text).not.toMatch(/live connections/);
  const said = await stage.portward.untilLog(/has been unhealthy for \d+ s/, { from });
  expect(Number(/unhealthy for (\d+) s/.exec(said.text)?.[1])).toBeGreaterThanOrEqual(2 * TIMEOUT_S);
  const failed = await until('the failure in status', async () => {
    const { remedy } = await stage.statusOf();
    return remedy !== null && remedy.error !== null && remedy.ended_at !== null && remedy;
  });
  expect(failed).toMatchObject({ kind: 'restart container', ended_at: expect.any(String) });
  expect(failed.error).toMatch(/403.*not permitted by this test/);
  expect((await stage.statusOf()).problem).toMatch(/is unhealthy: .*, and it could not be restarted: .*not permitted/);
  expect(await startedAt()).toBe(before);
  expect(await stage.engines()).toEqual([]);

  gate.rule = () => null;
  await cured(before);
  expect(remediesSaid()).toHaveLength(3);
  const { remedy } = await stage.statusOf();
  expect(remedy).toMatchObject({ kind: 'restart container', error: null });
  const pause = Date.parse(remedy?.started_at ?? '') - Date.parse(failed.ended_at ?? '');
  expect(pause).toBeGreaterThanOrEqual(4_000 * TIMEOUT_S);
});

test('with VPN_UNHEALTHY_RESTART_TIMEOUT_S=0 it is left alone, and without VPN_RESTART_ENGINES_ON_RECONNECT so are its engines', async () => {
  await stage.startPortwardAgain({ VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0', VPN_RESTART_ENGINES_ON_RECONNECT: 'false' });
  await stage.forwarded(65_290);
  const old = (await stage.listed(2)).map((e) => e.container_id);
  const before = await startedAt();
  await stage.vpn().setHealth(false);
  await health('unhealthy');
  await stays('unhealthy');
  expect(await stage.engines()).toEqual([]);
  await stage.vpn().setHealth(true);
  await stage.forwarded(65_290);
  expect((await stage.listed(2)).map((e) => e.container_id)).toEqual(old);
  expect((await stage.replacements()).filter((r) => r.cause === 'VPN reconnected')).toEqual([]);
  expect(await startedAt()).toBe(before);
});
