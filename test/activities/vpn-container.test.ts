import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import type { AwaitedEngine } from '../../src/activities';
import { observeDocker } from '../../src/activities/docker/snapshot';
import { DockerHost } from '../../src/clients/docker/docker-host';
import type { Observation, PortReading } from '../../src/domain/vpn/observation';
import type { LastReported } from '../../src/domain/vpn/reported';
import { ensureSimulatorImage } from '../../simulator/image';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { plainEngine } from '../builders';
import { until } from '../simulator/until';
import { RealVpns } from './real-vpns';

// Activities on real VPN containers and their control servers. Each test has a VPN of its own, and they run at the
// same time.

const vpns = new RealVpns();
afterAll(() => vpns.clear());

/** The first observed reading of the port for which this holds. */
async function portSeen(
  vpn: SimulatedVpn,
  known: LastReported,
  isSo: (port: PortReading & { kind: 'unknown' }) => boolean,
): Promise<PortReading> {
  for (let last = known; ;) {
    last = await vpns.observe(vpn.name, last, { seenAt: last.kind === 'unreachable' ? null : 1 });
    if (last.kind === 'unreachable') throw new Error(last.problem);
    if (last.port.kind !== 'unknown' || isSo(last.port)) return last.port;
  }
}

test.concurrent('an engine whose VPN stops during its start fails at once, and not through its own fault', async () => {
  const { vpn, ran } = await vpns.healthy();
  const container = await vpns.simulation.docker.createContainer({
    name: vpns.simulation.name('engine'),
    Image: await ensureSimulatorImage(vpns.simulation.docker),
    HostConfig: { NetworkMode: `container:${vpn.containerId}` },
  });
  const engine = { ...plainEngine(19_000), id: container.id };
  const env = vpns.environment();
  let asked = false;
  env.on('heartbeat', () => (asked = true));
  const awaited = env.run((input: AwaitedEngine) => vpns.activities.awaitEngine(input), {
    vpn: vpn.name,
    session: ran,
    engine,
    timeoutMs: 60_000,
  });
  awaited.catch(() => {});
  await until('it is being awaited', () => asked);
  await vpn.stop();
  await expect(awaited).rejects.toMatchObject({
    type: 'VpnNotHealthy',
    message: expect.stringMatching(/was stopped before engine \S+ answered/),
  });
});

describe('restarting a VPN', () => {
  test.concurrent('that refuses it is not asked again, unless an earlier attempt may have stopped it', async () => {
    const { vpn, ran } = await vpns.healthy();
    await vpn.setFault({ kind: 'lost' });
    await vpn.setFault({ kind: '401', route: 'status' });
    await expect(vpns.reconnect(vpn, ran)).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringMatching(/refuses PUT \/v1\/vpn\/status \(401\), while it permits GET \/v1\/portforward/),
    });
    await expect(vpns.reconnect(vpn, ran, true)).rejects.not.toHaveProperty('type', 'Refused');
    await vpn.setFault(null);
    expect(await vpns.reconnect(vpn, ran)).toBe(true);
    await until('the port that this brings', async () => (await vpn.state()).port > 0);
    expect(await vpns.reconnect(vpn, ran)).toBe(false);
  });

  test.concurrent(
    'that its owner has stopped leaves it stopped, unless an earlier attempt may have stopped it',
    async () => {
      const { vpn, ran } = await vpns.healthy();
      await vpn.stopVpn();
      await expect(vpns.reconnect(vpn, ran)).rejects.toMatchObject({ type: 'VpnStopped' });
      expect(await vpn.state()).toMatchObject({ status: 'stopped', orders: [] });
      expect(await vpns.reconnect(vpn, ran, true)).toBe(true);
      await until('the port', async () => (await vpn.state()).port > 0);
    },
  );

  test.concurrent(
    'that deadlocks when it is told to stop counts as hanging, and its container is restarted',
    async () => {
      const { vpn, ran } = await vpns.healthy();
      await vpn.losePort();
      await vpn.deadlockAtStop();
      await expect(vpns.reconnect(vpn, ran)).rejects.toMatchObject({
        type: 'ControlServerHangs',
        message: expect.stringMatching(/its control server has given no answer for 4 s/),
      });
      const { State } = await vpns.simulation.docker.getContainer(vpn.containerId).inspect();
      expect([State.Health?.Status, (await vpn.state()).status]).toEqual(['healthy', 'stopping']);
      expect(await vpns.restartContainer(vpn, ran, 'unhealthy')).toBe(false);
      expect(await vpns.restartContainer(vpn, ran, 'control server hangs')).toBe(true);
      await vpn.untilHealth('healthy');
      // Another container may have its former address now.
      await vpn.relocate();
      await until('the port', async () => (await vpn.state()).port > 0);
      expect(await vpns.restartContainer(vpn, ran, 'control server hangs')).toBe(false);
    },
  );

  test.concurrent(
    'whose control server answers again, or which somebody has stopped, does not restart its container',
    async () => {
      const { vpn, ran } = await vpns.healthy();
      expect(await vpns.restartContainer(vpn, ran, 'control server hangs')).toBe(false);
      await vpn.stop();
      expect(await vpns.restartContainer(vpn, ran, 'control server hangs')).toBe(false);
      expect((await vpns.simulation.docker.getContainer(vpn.containerId).inspect()).State.Running).toBe(false);
    },
  );
});

const isRestarting = (last: LastReported | null) =>
  last?.kind === 'snapshot' && last.vpn.kind === 'present' && last.vpn.down?.state === 'restarting';

/** Activities that read the port only once an hour by themselves. */
const seldom = (docker = vpns.docker) => vpns.activitiesOn(docker, { checkIntervalMs: 3_600_000 });

const portOf = (last: LastReported | null) =>
  last?.kind === 'snapshot' && last.port.kind === 'known' ? last.port.port : null;

/** A VPN, and what a watch that knows all of it reports next: another port. */
async function knowing(on: ReturnType<typeof seldom>) {
  const vpn = await vpns.simulation.startVpn({ startDelayMs: 0, portGapMs: 500 });
  await vpn.untilHealth('healthy');
  let known: LastReported | null = null;
  let last: number | null = null;
  const next = async () => {
    while (portOf(known) === null || portOf(known) === last) known = await vpns.observe(vpn.name, known, {}, on);
    return (last = portOf(known));
  };
  await next();
  return { vpn, next };
}

describe('watching', () => {
  test.concurrent("another port is seen by a line of the VPN container's log, without any configuration", async () => {
    const { vpn, next } = await knowing(seldom());
    const [first] = await Promise.all([next(), vpn.changePort(40_648)]);
    // After a restart the log is followed anew.
    await vpn.restart();
    await vpn.untilHealth('healthy');
    const [second] = await Promise.all([next(), vpn.changePort(40_649)]);
    expect([first, second]).toEqual([40_648, 40_649]);
  });

  test.concurrent('if the log can not be read, a new port is seen by a hint that reaches this process', async () => {
    class Filtered extends DockerHost {
      override followLogs(): Promise<never> {
        return Promise.reject(Object.assign(new Error('not permitted'), { statusCode: 403 }));
      }
    }
    const { vpn, next } = await knowing(seldom(new Filtered(vpns.simulation.docker)));
    const seen = next();
    await vpn.changePort(40_648);
    const elsewhere = jest.fn();
    vpns.hints.hint(vpn.name, elsewhere);
    expect([await seen, elsewhere.mock.calls.length]).toEqual([40_648, 0]);
  });

  test.concurrent(
    'a reconnection inside the container is seen by its public address, which is read as soon as the port is gone',
    async () => {
      const { vpn } = await vpns.healthy();
      const { seen } = await vpns.watched(vpn, 19_700);
      await seen(({ publicIp }) => publicIp?.address === '203.0.113.7');
      await vpn.setNextAddresses('198.51.100.1');
      await Promise.all([seen(({ port }) => port.kind === 'unknown'), vpn.stopVpn()]);
      // Otherwise it is read each minute.
      const moved = seen(({ publicIp }) => publicIp?.address !== '203.0.113.7', 30_000);
      const [observed] = await Promise.all([moved, vpn.runVpn()]);
      expect(observed).toMatchObject({
        vpn: { running: true, health: 'healthy' },
        publicIp: { address: '198.51.100.1' },
      });
    },
    60_000,
  );

  test.concurrent(
    'a killed engine is withheld or gone; a running one is not',
    async () => {
      const { vpn } = await vpns.healthy();
      const { engine, next, seen } = await vpns.watched(vpn, 19_700);
      const news = next();
      // As PID 1, a process without a handler ignores this signal; the VPN has a handler.
      await engine.kill({ signal: 'SIGWINCH' });
      await vpns.simulation.docker.getContainer(vpn.containerId).kill({ signal: 'SIGWINCH' });
      await vpn.setFault({ kind: '500', route: 'portforward' });
      // The next observation is another one.
      expect(await news).not.toHaveProperty('withheld');
      await vpn.setFault(null);
      await engine.kill();
      await seen(
        (snapshot) => snapshot.withheld?.includes(engine.id) === true || snapshot.engines.some((e) => !e.running),
      );
    },
    40_000,
  );

  test.concurrent(
    'a container that Docker keeps restarting is reported as that, and its runs are not reported until it stays up',
    async () => {
      const vpn = await vpns.simulation.startVpn({ crashesWith: 3, restartPolicy: 'unless-stopped', startDelayMs: 0 });
      const next = (known: LastReported | null) => vpns.observe(vpn.name, known);
      let known: LastReported | null = null;
      const seen: Observation[] = [];
      while (!isRestarting(known)) seen.push((known = await next(known)));
      expect(known).toMatchObject({ vpn: { running: false, down: { state: 'restarting', exitCode: 3 } } });
      const runs = async () => (await vpns.docker.inspectByName(vpn.name))?.RestartCount ?? 0;
      const before = await runs();
      // Each run may be seen running and ended, and then it is in the loop.
      expect(seen.length).toBeLessThanOrEqual(2 * (before + 1) + 1);
      const change = next(known);
      let hasEnded = false;
      void change.then(() => (hasEnded = true));
      await until('two more runs', async () => (await runs()) >= before + 2);
      expect(hasEnded).toBe(false);
      await vpn.mend();
      expect(await change).not.toMatchObject({ vpn: { down: { state: 'restarting' } } });
    },
    40_000,
  );

  test.concurrent('the first snapshot after Docker was unreachable at the start has the port', async () => {
    const { vpn } = await vpns.healthy();
    const port = await portSeen(vpn, { kind: 'unreachable', at: 1, problem: 'Docker is not reachable' }, () => true);
    expect(port).toMatchObject({ kind: 'known', port: 5001 });
  });

  test.concurrent(
    'a VPN that is stopped inside its container is reported as that, and not as a lost port',
    async () => {
      const { vpn } = await vpns.healthy();
      await vpn.stopVpn();
      const details = observeDocker(await vpns.docker.inspectByName(vpn.name));
      const none = { kind: 'unknown', forMs: 5_000, reason: 'none right now', none: true } as const;
      const known: LastReported = { kind: 'snapshot', vpn: details, port: none, engines: [], imagePresent: false };
      const port = await portSeen(vpn, known, ({ stopped }) => stopped === true);
      expect(port).toMatchObject({ kind: 'unknown', none: true, stopped: true });
    },
  );

  test.concurrent('another reason why the port can not be read is reported, although it decides nothing', async () => {
    const { vpn } = await vpns.healthy();
    await vpn.setFault({ kind: '500' });
    const details = observeDocker(await vpns.docker.inspectByName(vpn.name));
    const unknown = { kind: 'unknown', forMs: 5_000, reason: 'it gave no answer', none: false } as const;
    const known: LastReported = { kind: 'snapshot', vpn: details, port: unknown, engines: [], imagePresent: false };
    const port = await portSeen(vpn, known, ({ reason }) => reason !== unknown.reason);
    expect(port).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(/500/) });
  });

  test.concurrent('another reason for which Docker can not be asked is reported', async () => {
    const gone = new DockerHost(new Dockerode({ socketPath: join(tmpdir(), vpns.simulation.name('docker.sock')) }));
    const away = vpns.activitiesOn(gone);
    const known: LastReported = { kind: 'unreachable', at: 1, problem: 'reported before', cause: 'EACCES' };
    expect(await vpns.observe('gluetun', known, {}, away)).toMatchObject({
      kind: 'unreachable',
      cause: 'ENOENT',
      problem: expect.stringContaining('ENOENT'),
    });
  });
});
