import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ensureSimulatorImage } from '../../simulator/image';
import { RUN_LABEL } from '../../simulator/run-label';
import { Registry, registryObstacle } from '../docker/registry';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';
import { DockerGate } from './docker-gate';
import { Stage } from './stage';

let stage: Stage | null = null;

async function onStage(...args: Parameters<typeof Stage.start>): Promise<Stage> {
  stage = await Stage.start(...args);
  return stage;
}

afterEach(async () => {
  await stage?.clear();
  stage = null;
});

/** How often it was printed. */
function said(on: Stage, pattern: RegExp, from = 0): number {
  return on.portward.logLines.slice(from).filter((line) => line.level !== 'info' && pattern.test(line.text)).length;
}

function temporalServers(on: Stage): string[] {
  const listed = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => line.includes('server start-dev') && line.includes(on.portward.dataDir));
}

// One Portward for all of these: whatever happens to it, it is as good as new afterwards.
describe('once it runs', () => {
  let s: Stage;
  let gate: DockerGate;
  let port = 65_290;
  /** An image that was pulled for this. */
  let pulled: string | null = null;
  /** The log before the present test. */
  let from = 0;

  async function changed(): Promise<number> {
    port = port === 65_290 ? 40_648 : port + 1;
    await s.vpn().changePort(port);
    return port;
  }

  async function ids(): Promise<string[]> {
    return (await s.containers()).map((c) => c.id).toSorted();
  }

  /** All files of an image, as a tar. */
  async function filesOf(image: string): Promise<Buffer> {
    const container = await s.simulation.docker.createContainer({
      Image: image,
      Labels: { [RUN_LABEL]: s.simulation.runId },
    });
    const files = await buffer(await container.export());
    await container.remove();
    return files;
  }

  beforeAll(async () => {
    gate = await DockerGate.open();
    s = await Stage.start({ env: { DOCKER_HOST: gate.address, PORT_CHANGE_SPACING_MAX_S: '0' } });
  });
  beforeEach(async () => {
    if (!s.portward.isRunning) await s.portward.start();
    await s.forwarded(port);
    await s.quiet();
    from = s.portward.logLines.length;
  });
  afterAll(async () => {
    await s.clear();
    // Not before its engines are gone.
    if (pulled !== null) await s.simulation.docker.getImage(pulled).remove({ force: true });
    await gate.shut();
  });

  describe('killed with SIGKILL', () => {
    test.each<[when: string, until: (old: string) => Promise<unknown>]>([
      ['at the decision', () => s.portward.untilLog(/replacing forwarded engine/, { from })],
      [
        'when there is a container of the new engine',
        (old) => until('the new container', async () => (await ids()).some((id) => id !== old)),
      ],
      ['when the old engine is being stopped', () => s.portward.untilLog(/Stopping forwarded engine/, { from })],
    ])('%s: one forwarded engine on the new port, the old one gone, one Temporal server', async (_when, isTime) => {
      const old = await s.forwarded(port);
      await changed();
      await isTime(old.container_id);
      await s.portward.kill('SIGKILL');
      await s.portward.start();
      const fresh = await s.forwarded(port, s.vpn(), 60_000);
      await s.quiet();
      expect((await s.containers()).map((c) => [c.id, c.running])).toEqual([[fresh.container_id, true]]);
      expect(fresh.container_id).not.toBe(old.container_id);
      expect(temporalServers(s)).toHaveLength(1);
    });

    test('a port that changes while nothing runs is healed at the next start', async () => {
      const old = await s.forwarded(port);
      await s.portward.kill('SIGKILL');
      await changed();
      await s.portward.start();
      const fresh = await s.forwarded(port);
      await s.quiet();
      expect(fresh.container_id).not.toBe(old.container_id);
      expect(await s.containers()).toHaveLength(1);
    });
  });

  test('a port that moves on and is back before the old engine is gone: one forwarded engine on it, and nothing left', async () => {
    const old = await s.forwarded(port);
    const former = port;
    await changed();
    await s.portward.untilLog(/replacing forwarded engine/, { from });
    expect((await s.containers()).map((c) => c.id)).toContain(old.container_id);
    port = former;
    await s.vpn().changePort(port);
    const fresh = await s.forwarded(port);
    await s.quiet();
    expect(fresh.container_id).not.toBe(old.container_id);
    expect((await s.containers()).map((c) => [c.id, c.running])).toEqual([[fresh.container_id, true]]);
    expect(await s.engines()).toHaveLength(1);
  });

  test('Docker is away: said once in log and status, the list is kept, and a change meanwhile is healed when it is back', async () => {
    const old = await s.forwarded(port);
    await gate.shut();
    await until('the problem in status', async () =>
      /Docker is not reachable/.test((await s.status()).vpns[0]?.problem ?? ''),
    );
    const missedSince = Date.now();
    await changed();
    await s.recheck();
    await until('another look at Docker that fails', async () => {
      const { last_check: checked } = (await s.status()).vpns[0] ?? {};
      // The list is given with the times that were known when it was asked for before.
      await s.engines();
      return Date.parse(checked ?? '') > missedSince + 4_000;
    });
    const engines = await s.engines();
    expect(engines.map((e) => e.container_id)).toEqual([old.container_id]);
    // An engine that nobody could look at has not been seen.
    expect(Date.parse(engines[0]?.last_seen ?? '')).toBeLessThan(missedSince);
    await gate.reopen();
    await s.forwarded(port, s.vpn(), 60_000);
    await s.quiet();
    await until('no problem any more', async () => (await s.status()).vpns[0]?.problem === null);
    expect(said(s, /Docker is not reachable/, from)).toBe(1);
  });

  test('Temporal hangs: the last list is served as stale with nothing forwarded, and it is fresh again afterwards', async () => {
    const engine = await s.forwarded(port);
    const pid = s.temporalPid();
    process.kill(pid, 'SIGSTOP');
    try {
      const stale = await until('a stale answer', async () => {
        const response = await fetch(`${s.portward.url}/engines`);
        return response.headers.get('x-portward-stale') === null ? null : response;
      });
      expect(stale.status).toBe(200);
      expect(await stale.json()).toMatchObject([{ container_id: engine.container_id, forwarded: false }]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await s.forwarded(port);
  });

  test("another instance's engines on the VPN are an error at the start that names them", async () => {
    const { container_name: name } = await s.forwarded(port);
    const second = new Stage();
    second.vpns.push(...s.vpns);
    try {
      const start = second.startPortward({ CONTAINER_LABEL: s.containerLabel });
      await expect(start).rejects.toThrow(new RegExp(`already has engines of another Portward: ${name}`));
    } finally {
      await second.clear();
    }
    await s.forwarded(port);
  });

  test("Temporal's database is lost: everything is found again from Docker, and no engine is touched", async () => {
    await s.startPortwardAgain({ MIN_REPLICAS: '2' });
    await s.listed(2);
    await s.quiet();
    const before = await ids();
    await s.portward.stop();
    rmSync(s.portward.dataDir, { recursive: true });
    await s.portward.start();
    await s.forwarded(port);
    expect((await s.listed(2)).map((e) => e.container_id).toSorted()).toEqual(before);
    expect(await s.replacements()).toEqual([]);
  });

  test('the image is absent: said once, nothing is evicted for it, and healed when it is there', async () => {
    const before = await ids();
    const tag = `portward-test-absent:${s.simulation.runId}`;
    await s.startPortwardAgain({ ENGINE_IMAGE: tag });
    await until('the problem in status', async () =>
      /image .* is not on the Docker host/.test((await s.status()).vpns[0]?.problem ?? ''),
    );
    await s.forwarded(port);
    const refused = await s.replace();
    expect([refused.status, await refused.json()]).toEqual([
      409,
      { detail: `image ${tag} is not on the Docker host: nothing was replaced` },
    ]);
    await changed();
    await until('no engine listed as forwarded', async () => (await s.engines()).every((e) => !e.forwarded));
    expect((await s.engines()).map((e) => e.container_id).toSorted()).toEqual(before);

    const { docker, runId } = s.simulation;
    await docker.getImage(await ensureSimulatorImage(docker)).tag({ repo: 'portward-test-absent', tag: runId });
    s.onClear(() => s.simulation.docker.getImage(tag).remove({ force: true }));
    await s.forwarded(port, s.vpn(), 60_000);
    expect(said(s, /is not on the Docker host/, from)).toBe(1);
  });

  testUnless(registryObstacle)(
    'an image that is absent is pulled with PULL_POLICY=missing, while the engines stay, and the next one is of it',
    async () => {
      const before = await ids();
      const { docker } = s.simulation;
      const { Config } = await docker.getImage(await ensureSimulatorImage(docker)).inspect();
      const { Env } = Config;
      const Entrypoint = [Config.Entrypoint ?? []].flat();
      const registry = await Registry.open();
      s.onClear(() => registry.close());
      const files = await filesOf(await ensureSimulatorImage(docker));
      pulled = registry.add(`portward-test-${s.simulation.runId}`, 'engine', files, { Env, Entrypoint });
      await s.startPortwardAgain({ ENGINE_IMAGE: pulled, PULL_POLICY: 'missing' });
      await s.portward.untilLog(/Pulled image .* in \d+ s/, { from });
      const old = await s.forwarded(port);
      expect(await ids()).toEqual(before);

      await until('no problem any more', async () => (await s.statusOf()).problem === null);
      expect((await s.replace()).status).toBe(202);
      await until(
        'the old engine hidden',
        async () => !(await s.engines()).some((e) => e.container_id === old.container_id),
      );
      const fresh = await s.forwarded(port);
      await s.quiet();
      expect((await docker.getContainer(fresh.container_id).inspect()).Config.Image).toBe(pulled);
      expect(s.portward.logLines.slice(from).filter((line) => line.text.startsWith('Pulling image'))).toHaveLength(1);
    },
  );
});

test('wrong configuration ends with code 2 and all mistakes in one message, before anything is started', () => {
  const main = join(__dirname, '..', '..', 'dist', 'src', 'main.js');
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, 'start'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], APP_PORT: 'eighty', PULL_POLICY: 'often', VPN_MODE: 'redundant' },
  });
  expect(status).toBe(2);
  for (const name of ['APP_PORT', 'PULL_POLICY', 'GLUETUN_CONTAINER_NAME']) expect(stderr).toContain(name);
  expect(stdout).toBe('');
});

test('an APP_PORT that another program has ends it before anything is started', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const APP_PORT = String((other.address() as AddressInfo).port);
  const PORTWARD_DATA_DIR = join(mkdtempSync(join(tmpdir(), 'portward-')), 'data');
  const main = join(__dirname, '..', '..', 'dist', 'src', 'main.js');
  const env = { PATH: process.env['PATH'], GLUETUN_CONTAINER_NAME: 'gluetun', APP_PORT, PORTWARD_DATA_DIR };
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, 'start'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    env,
  });
  other.close();
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`Port ${APP_PORT} for the API is taken by another program.`);
  expect(existsSync(PORTWARD_DATA_DIR)).toBe(false);
});

test('the VPN container is absent at the start: said once, and healed when it is there', async () => {
  const s = new Stage();
  stage = s;
  const name = s.simulation.name('vpn');
  await s.startPortward({ GLUETUN_CONTAINER_NAMES: name });
  await until('the problem in status', async () =>
    /not found: start it/.test((await s.status()).vpns[0]?.problem ?? ''),
  );
  expect(await s.engines()).toEqual([]);
  const vpn = await s.addVpn({ name });
  await s.forwarded(65_290, vpn, 60_000);
  expect(said(s, /not found: start it/)).toBe(1);
});

test('the port range is used up: said once, and what fits is there', async () => {
  const s = await onStage({ env: { MIN_REPLICAS: '3', GLUETUN_PORT_RANGE_1: '19100-19101' } });
  await s.forwarded(65_290);
  await s.listed(2);
  await until('the problem in status', async () =>
    /no free HTTP port: all of 19100-19101/.test((await s.status()).vpns[0]?.problem ?? ''),
  );
  expect(said(s, /no free HTTP port/)).toBe(1);
  await s.vpn().changePort(40_648);
  await s.forwarded(40_648);
});
