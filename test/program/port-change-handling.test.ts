import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineJson } from '../../src/api/schemas/engines';
import { until } from '../simulator/until';
import { listenForKilling } from './killed';
import { meanwhile } from './meanwhile';
import { Stage } from './stage';
import { killForWantOfMemory } from './want-of-memory';

// The promises of the original document about port changes, one test each, on real containers. One VPN has a plain engine beside its
// forwarded one, the other only the forwarded one.

/** The default of EVICTION_GRACE_S. */
const GRACE_MS = 3_000;

let stage: Stage;
let before: EngineJson[];
let changedAt: number;
let hiddenAt: number;
let oldEngine: EngineJson;
let newEngine: EngineJson;
/** When the old engine's container was stopped. */
let killedAt: number;
const outcomes: string[] = [];

beforeAll(async () => {
  stage = await Stage.start({
    vpns: [{ port: 65_290 }, { port: 51_234 }],
    env: {
      MIN_REPLICAS: '3',
      // In one of these tests a VPN is unhealthy for a moment.
      VPN_RESTART_ENGINES_ON_RECONNECT: 'false',
      // So that Portward soon sees that an engine that Docker has revived answers.
      HEALTH_CHECK_INTERVAL_S: '1',
      DEBUG_MODE: 'true',
      DEBUG_LOG_DIR: 'debug_logs',
    },
  });
  await stage.forwarded(65_290, stage.vpn(0));
  await stage.forwarded(51_234, stage.vpn(1));
  before = await stage.listed(3);
  oldEngine = await stage.forwarded(65_290);

  const proxy = stage.proxy();
  const viewers = meanwhile(async () => {
    const outcome = await proxy.stream('a', 200);
    outcomes.push(outcome.kind === 'failed' ? `failed: ${outcome.reason}` : outcome.kind);
  });
  const watch = stage.watch();
  const killing = await listenForKilling(stage.simulation.docker, oldEngine.container_id);
  const change = await stage.vpn().changePort(40_648);
  changedAt = change.newPortSetAt;
  hiddenAt = await watch.until(
    'the old engine gone',
    (list) => !list.some((e) => e.container_id === oldEngine.container_id),
    {
      limitMs: 10_000,
    },
  );
  newEngine = await stage.forwarded(40_648);
  killedAt = await killing.at;
  await stage.quiet();
  await viewers.stop();
});

afterAll(() => stage.clear());

describe('detection', () => {
  test('a change is noticed by the health check, without any hint', () => {
    expect(hiddenAt).toBeGreaterThan(changedAt - 200);
    expect(stage.portward.logLines.map((l) => l.text)).toContain(
      `[${stage.vpn().name}] VPN '${stage.vpn().name}' forwarded port changed from 65290 to 40648`,
    );
  });

  test('the port is read only while the VPN is healthy', async () => {
    const vpn = stage.vpn(1);
    const asked = async () => (await vpn.requests()).filter((r) => r.path.startsWith('/v1/portforward')).length;
    await vpn.setHealth(false);
    await until('the VPN shown as unhealthy', async () => (await stage.status()).vpn2?.health === 'unhealthy');
    // A read that was under way may still come to its end; after that no more arrive over two intervals.
    const settled = await until('no more reads', async () => {
      const count = await asked();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return (await asked()) === count ? { count } : null;
    });
    expect(await asked()).toBe(settled.count);
    await vpn.setHealth(true);
    await stage.forwarded(51_234, vpn);
    // The engine is listed with the former port as soon as Docker calls the VPN healthy, so wait for a read as well.
    await until('another read of the port', async () => (await asked()) > settled.count);
  });

  test('without VPN_RESTART_ENGINES_ON_RECONNECT an outage costs no engine', async () => {
    const { container_id: engine } = await stage.forwarded(51_234, stage.vpn(1));
    expect(engine).toBe(before.find((e) => e.vpn_container === stage.vpn(1).name)?.container_id);
    expect((await stage.replacements(stage.vpn(1))).map((r) => r.cause)).not.toContain('VPN reconnected');
  });
});

describe('replacement', () => {
  test('the forwarded engine of the affected VPN is the one that is replaced', async () => {
    // While the other VPN was unhealthy, this one may have got another engine, so look only at this cause.
    const changed = (await stage.replacements()).filter((r) => r.cause === 'port changed');
    expect(changed).toMatchObject([
      {
        state: 'completed',
        old_port: 65_290,
        new_port: 40_648,
        old_engine: { container_id: oldEngine.container_id },
        new_engine: { container_id: newEngine.container_id },
      },
    ]);
  });

  test('the old engine is hidden from /engines at least the grace before it is stopped', async () => {
    const [change] = (await stage.replacements()).filter((r) => r.cause === 'port changed');
    expect(killedAt - Date.parse(change?.started_at ?? '')).toBeGreaterThanOrEqual(GRACE_MS);
    // A list may be behind the workflow by ENGINES_MAX_AGE_MS and 0.5 s.
    expect(killedAt - hiddenAt).toBeGreaterThanOrEqual(GRACE_MS - 100 - 500);
  });

  test('no request of a proxy fails', () => {
    expect(outcomes.length).toBeGreaterThan(10);
    expect(outcomes.filter((o) => o.startsWith('failed'))).toEqual([]);
  });

  test('the old container is stopped and removed', async () => {
    const containers = await stage.containers();
    expect(containers.map((c) => c.id)).not.toContain(oldEngine.container_id);
    expect(containers.filter((c) => c.labels['acestream.forwarded'] === 'true').map((c) => c.id)).toEqual([
      newEngine.container_id,
    ]);
  });

  test('the new engine is provisioned on the new port without anyone doing anything', async () => {
    const state = (await (
      await fetch(`http://${stage.vpn().address}:${newEngine.port}/simulator/state`)
    ).json()) as object;
    expect(JSON.stringify(state)).toContain('40648');
    expect(newEngine.labels['acestream.p2p_port']).toBe('40648');
  });

  test('other engines of the VPN are not touched', async () => {
    const plain = before.filter((e) => e.vpn_container === stage.vpn().name && !e.forwarded).map((e) => e.container_id);
    expect(plain).toHaveLength(1);
    const now = (await stage.engines()).map((e) => e.container_id);
    expect(now).toEqual(expect.arrayContaining(plain));
  });
});

describe('the log', () => {
  test('has the five texts, at their levels and with the prefix, and a line that says how long it took', () => {
    const name = stage.vpn().name;
    const old = oldEngine.container_name;
    const texts = [
      ['warn', `[${name}] VPN '${name}' forwarded port changed from 65290 to 40648`],
      ['warn', `[${name}] VPN '${name}' port changed from 65290 to 40648 - replacing forwarded engine`],
      ['info', `[${name}] Stopping forwarded engine ${old} due to port change`],
      ['info', `[${name}] Successfully stopped forwarded engine ${old}`],
      [
        'info',
        `[${name}] Forwarded engine replacement triggered - autoscaler will provision new engine with port 40648`,
      ],
    ];
    const printed = stage.portward.logLines.map((l) => [l.level, l.text]);
    for (const text of texts) expect(printed.filter((p) => p.join() === text.join())).toHaveLength(1);
    const ready = new RegExp(
      `\\[${name}\\] Forwarded engine ${newEngine.container_name} is ready on port 40648, \\d+\\.\\d s after`,
    );
    expect(printed.some(([, text]) => ready.test(text ?? ''))).toBe(true);
  });

  test('first engines have another text than replacements', () => {
    const name = stage.vpn().name;
    const said = stage.portward.logLines.map((l) => l.text);
    expect(said).toContain(
      `[${name}] Forwarded engine provisioning triggered - will provision new engine with port 65290`,
    );
    expect(said.filter((text) => /replacement triggered/.test(text))).toHaveLength(1);
  });

  test('DEBUG_MODE writes port reads, changes and replacements as JSON lines with the ids of their workflows', () => {
    const file = join(stage.portward.folder, 'debug_logs', 'portward.jsonl');
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const events = (event: string) => lines.filter((l) => l['event'] === event);
    expect(events('port cache updated').length).toBeGreaterThan(2);
    expect(events('port changed')).toMatchObject([{ from: 65_290, to: 40_648, workflowId: stage.workflowId() }]);
    expect(
      events('replacement').some((l) => String(l['replacement']).startsWith(`replace/${stage.simulation.runId}/`)),
    ).toBe(true);
    expect(events('stopped')).toHaveLength(1);
  });
});

describe('redundant mode', () => {
  test("a change at one VPN leaves the other's engine, port and workflow as they were", async () => {
    const other = before.find((e) => e.vpn_container === stage.vpn(1).name);
    const now = await stage.forwarded(51_234, stage.vpn(1));
    expect(now.container_id).toBe(other?.container_id);
    expect(await stage.replacements(stage.vpn(1))).toHaveLength(1);
  });

  test('each VPN has a forwarded engine and a port range of its own', async () => {
    const engines = await stage.engines();
    const forwarded = engines.filter((e) => e.forwarded);
    expect(new Set(forwarded.map((e) => e.vpn_container))).toEqual(new Set(stage.vpns.map((v) => v.name)));
    expect(forwarded).toHaveLength(2);
    const portsOf = (vpn: string) => engines.filter((e) => e.vpn_container === vpn).map((e) => e.port);
    expect(Math.max(...portsOf(stage.vpn(0).name))).toBeLessThan(Math.min(...portsOf(stage.vpn(1).name)));
  });
});

describe('a port inside the range of engines', () => {
  test('a plain engine that holds it is replaced first, and the forwarded one comes up on it without a failure', async () => {
    const [vpn, other] = stage.vpns;
    const engines = (await stage.engines()).filter((e) => e.vpn_container === vpn?.name);
    const holder = engines.find((e) => !e.forwarded);
    const port = holder?.port ?? 0;
    const known = (await stage.replacements()).map((r) => r.id);
    await stage.vpn().changePort(port);
    const fresh = await stage.forwarded(port);
    const running = (await stage.containers()).filter((c) => c.running).map((c) => c.id);
    expect(running).not.toContain(holder?.container_id);
    await stage.quiet();

    const containers = await stage.containers();
    expect(containers).toHaveLength(engines.length);
    expect(containers.map((c) => c.labels['acestream.http_port'])).not.toContain(String(port));
    const made = (await stage.replacements()).filter((r) => !known.includes(r.id));
    expect(new Set(made.map((r) => r.old_engine?.container_id))).toEqual(
      new Set([holder?.container_id, newEngine.container_id]),
    );
    expect(made.map((r) => r.failed_attempts)).toEqual([0, 0]);
    expect((await stage.listed(3)).map((e) => e.container_id)).toContain(fresh.container_id);
    expect(await stage.replacements(other)).toHaveLength(1);
  });
});

test('an engine that is killed for want of memory is revived by Docker or replaced by Portward', async () => {
  const vpn = stage.vpn(1);
  const old = await stage.forwarded(51_234, vpn);
  await stage.quiet(vpn);
  const container = stage.simulation.docker.getContainer(old.container_id);
  const { State } = await container.inspect();
  await killForWantOfMemory(stage.simulation.docker, container);
  await until('another engine, or another run of it that answers', async () => {
    const now = await stage.forwarded(51_234, vpn);
    if (now.container_id !== old.container_id) return true;
    const { StartedAt } = (await container.inspect()).State;
    return StartedAt !== State.StartedAt && Date.parse(now.last_health_check ?? '') > Date.parse(StartedAt);
  });
  await stage.quiet(vpn);
  const now = await stage.forwarded(51_234, vpn);
  expect((await stage.containers(vpn)).map((c) => c.id)).toEqual([now.container_id]);
});
