import { rmSync } from 'node:fs';
import type { RefusalJson } from '../../src/api/schemas/provisioning';
import type { EngineJson } from '../../src/api/schemas/engines';
import type { OrchestratorStatusJson } from '../../src/api/schemas/status';
import { ensureSimulatorImage } from '../../simulator/image';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';
import { temporalServers } from './temporal-servers';

// One Portward for all tests: after each failure it works as before. The constants number its VPNs.
const DECIDED = 0;
const STARTING = 1;
const STOPPING = 2;
const CHANGED_WHILE_OFF = 3;

let s: Stage;
let absent: string;
/** The number of log lines before the present test. */
let from = 0;
const ports = [40_100, 40_200, 40_300, 40_400];

async function changed(index = 0, port = (ports[index] ?? 0) + 1): Promise<void> {
  ports[index] = port;
  await s.vpn(index).changePort(port);
}

const forwardedOn = (index: number) => s.forwarded(ports[index] ?? 0, s.vpn(index));

const idsOn = async (index: number) => (await s.containers(s.vpn(index))).map((c) => c.id);
const ids = async () => (await Promise.all(ports.map((_, index) => idsOn(index)))).flat().toSorted();

/** How many warnings and errors about a VPN match. */
function said(vpn: string, pattern: RegExp): number {
  const lines = s.portward.logLines.slice(from).filter(({ text }) => text.startsWith(`[${vpn}]`));
  return lines.filter(({ level, text }) => level !== 'info' && pattern.test(text)).length;
}

beforeAll(async () => {
  s = await Stage.inMemory();
  await s.openGate();
  await Promise.all(ports.map((port) => s.addVpn({ port })));
  await Promise.all(s.vpns.map((vpn) => vpn.untilHealth('healthy')));
  for (const [index, vpn] of s.vpns.entries()) ports[index] = (await vpn.state()).port;
  absent = s.simulation.name('vpn');
  const names = [...s.vpns.map((vpn) => vpn.name), absent].join(',');
  await s.startPortward({ ...NO_PROXY, PORT_CHANGE_SPACING_MAX_S: '0', GLUETUN_CONTAINER_NAMES: names });
});
beforeEach(async () => {
  if (!s.portward.isRunning) await s.portward.start();
  await Promise.all(ports.map((_, index) => forwardedOn(index)));
  await Promise.all(ports.map((_, index) => s.quiet(s.vpn(index))));
  from = s.portward.logLines.length;
});
afterAll(() => s?.clear());

test('the VPN container is absent at the start: logged once, and its engines come up when it is there', async () => {
  from = 0;
  await until('the problem in status', async () =>
    (await s.status()).vpns.some((v) => v.container_name === absent && /not found: start it/.test(v.problem ?? '')),
  );
  expect((await s.engines()).filter((e) => e.vpn_container === absent)).toEqual([]);
  const vpn = await s.addVpn({ name: absent, port: 40_500 });
  ports.push(40_500);
  await s.forwarded(40_500, vpn, 60_000);
  expect(said(absent, /not found: start it/)).toBe(1);
});

// A single kill, when each VPN is at another point of a replacement.
describe('killed with SIGKILL', () => {
  const held = [
    [STOPPING, '/stop'],
    [STARTING, '/start'],
    [DECIDED, '/create'],
  ] as const;
  let old: readonly string[];

  beforeAll(async () => {
    old = (await Promise.all(ports.map((_, index) => forwardedOn(index)))).map((e) => e.container_id);
    await Promise.all(ports.map((_, index) => s.quiet(s.vpn(index))));
    const notAnswered: string[] = [];
    s.gate.rule = (_method, path) => (notAnswered.some((step) => path.includes(step)) ? 'hang' : null);
    for (const [index, step] of held) {
      notAnswered.push(step);
      await changed(index);
      await until(`Docker asked to ${step}`, () => s.gate.held.some((path) => path.includes(step)));
    }
    await Promise.all(s.vpns.map((vpn) => s.atRest(vpn)));
    await s.portward.kill('SIGKILL');
    await changed(CHANGED_WHILE_OFF);
    s.gate.rule = () => null;
    await s.portward.start();
  });

  test.each([
    ['at the decision, before there is a container', DECIDED],
    ['when there is a container of the new engine', STARTING],
    ['when the old engine is being stopped', STOPPING],
    ['before a port change that comes while nothing runs', CHANGED_WHILE_OFF],
  ])('%s: one forwarded engine on the new port, the old one gone, one Temporal server', async (_when, index) => {
    const fresh = await forwardedOn(index);
    await s.quiet(s.vpn(index));
    expect((await s.containers(s.vpn(index))).map((c) => [c.id, c.running])).toEqual([[fresh.container_id, true]]);
    expect(fresh.container_id).not.toBe(old[index]);
    expect(temporalServers(s.portward.dataDir)).toHaveLength(1);
  });
});

test('Docker is away: log and status say so once, the list is kept, a request is refused, and a port change meanwhile is handled when Docker is back', async () => {
  const before = await ids();
  await s.gate.shut();
  // Every VPN: one that does not know it yet would take the request below.
  await until('the problem in status', async () =>
    (await s.status()).vpns.every(({ problem }) => /Docker is not reachable/.test(problem ?? '')),
  );
  const missedSince = Date.now();
  await changed();
  await s.recheck();
  await until('another failed observation of Docker', async () => {
    const { last_check: checked } = await s.statusOf();
    // Reading the list also refreshes its times, which the next read has.
    await s.engines();
    return Date.parse(checked ?? '') > missedSince;
  });
  const engines = await s.engines();
  expect(engines.map((e) => e.container_id).toSorted()).toEqual(before);
  const { provisioning } = await s.get<OrchestratorStatusJson>('/orchestrator/status');
  const refused = await s.provision({});
  const { detail } = (await refused.json()) as { detail: RefusalJson };
  expect([refused.status, detail]).toMatchObject([
    503,
    { error: 'provisioning_blocked', code: 'vpn_error', can_retry: true, should_wait: true },
  ]);
  expect(detail.recovery_eta_seconds).toBeGreaterThan(0);
  expect(provisioning).toMatchObject({
    ...{ can_provision: false, blocked_reason: expect.stringContaining('Docker') },
    blocked_reason_details: { code: 'vpn_error' },
  });
  // While Docker is away `last_seen` must not advance.
  for (const { last_seen: seen } of engines) expect(Date.parse(seen)).toBeLessThan(missedSince);
  await s.gate.reopen();
  await forwardedOn(0);
  await s.quiet();
  await until('no problem any more', async () => (await s.statusOf()).problem === null);
  expect(said(s.vpn().name, /Docker is not reachable/)).toBe(1);
});

test('Temporal hangs: the last list is served as stale with nothing forwarded, and it is fresh again afterwards', async () => {
  const engines = (await s.engines()).map((e) => ({ container_id: e.container_id, forwarded: false }));
  const pid = s.temporalPid();
  process.kill(pid, 'SIGSTOP');
  try {
    // The VPNs become stale one after the other.
    await until('an answer that is stale, with nothing forwarded', async () => {
      const response = await fetch(`${s.portward.url}/engines`);
      expect(response.status).toBe(200);
      const shown = ((await response.json()) as EngineJson[]).map(({ container_id, forwarded }) => ({
        container_id,
        forwarded,
      }));
      return response.headers.has('x-portward-stale') && JSON.stringify(shown) === JSON.stringify(engines);
    });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await forwardedOn(0);
});

test("another instance's engines on the VPN are an error at the start that names them", async () => {
  const { container_name: name } = await forwardedOn(0);
  const second = s.another();
  second.vpns.push(...s.vpns);
  try {
    const start = second.startPortward({ CONTAINER_LABEL: s.containerLabel });
    await expect(start).rejects.toThrow(new RegExp(`already has engines of another Portward: ${name}`));
  } finally {
    await second.clear();
  }
  await forwardedOn(0);
});

describe('started again without its database, and with an image that is not there', () => {
  let before: readonly string[];
  let tag: string;

  beforeAll(async () => {
    [before, tag] = [await ids(), `portward-test-absent:${s.simulation.runId}`];
    await s.portward.stop();
    rmSync(s.portward.dataDir, { recursive: true });
    s.portward.reconfigure({ ENGINE_IMAGE: tag });
    await s.portward.start();
  });

  test("Temporal's database is lost: everything is found again from Docker, and no engine is touched", async () => {
    expect((await s.listed(before.length)).map((e) => e.container_id).toSorted()).toEqual(before);
    expect(await ids()).toEqual(before);
    for (const vpn of s.vpns) expect(await s.replacements(vpn)).toEqual([]);
  });

  test('the image is absent: logged once, no engine is evicted, and the new engine comes up when it is there', async () => {
    from = s.portward.logLines.findLastIndex(({ text }) => text.startsWith('Portward starts'));
    await until('the problem in status', async () =>
      /image .* is not on the Docker host/.test((await s.statusOf()).problem ?? ''),
    );
    const refused = await s.replace();
    expect([refused.status, await refused.json()]).toEqual([
      409,
      { detail: `nothing was replaced, because image ${tag} is not on the Docker host` },
    ]);
    await changed();
    await until('it is no longer listed as forwarded', async () =>
      (await s.engines()).every((e) => !e.forwarded || e.vpn_container !== s.vpn().name),
    );
    expect((await s.engines()).map((e) => e.container_id).toSorted()).toEqual(before);

    const { docker, runId } = s.simulation;
    await docker.getImage(await ensureSimulatorImage(docker)).tag({ repo: 'portward-test-absent', tag: runId });
    s.onClear(() => s.simulation.docker.getImage(tag).remove({ force: true }));
    await forwardedOn(0);
    expect(said(s.vpn().name, /is not on the Docker host/)).toBe(1);
  });
});

test('an image that is absent is pulled with PULL_POLICY=missing, while the engines stay', async () => {
  const before = await ids();
  await s.startPortwardAgain({ ENGINE_IMAGE: `portward-test-pulled:${s.simulation.runId}`, PULL_POLICY: 'missing' });
  await s.portward.untilLog(/Pulled image .* in \d+ s/, { from });
  await s.listed(before.length);
  for (const vpn of s.vpns) await until('no problem', async () => (await s.statusOf(vpn)).problem === null);
  expect(await ids()).toEqual(before);
  const pulls = s.portward.logLines.slice(from).filter(({ text }) => text.startsWith('Pulling image'));
  expect(pulls.length).toBeLessThanOrEqual(s.vpns.length);
});
