import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import pino from 'pino';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities, type AwaitedEngine } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';
import { observeDocker } from '../../src/activities/docker-look';
import type { ObserveInput } from '../../src/activities/observe';
import { DockerEvents } from '../../src/docker/docker-events';
import { DockerHost } from '../../src/docker/docker-host';
import { guessedReach } from '../../src/docker/reach';
import { session, type Known, type Observation, type Sight } from '../../src/domain/observation';
import type { RemedyReason } from '../../src/domain/remedy';
import { engineApi } from '../../src/engine/engine-probe';
import { GluetunClient } from '../../src/gluetun/client';
import { ensureSimulatorImage } from '../../simulator/image';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { plainEngine } from '../builders';
import { Simulation } from '../simulator/simulation';
import { until } from '../simulator/until';

// What activities make of a VPN's container and its control server, with real ones.

const simulation = new Simulation();
const docker = new DockerHost(simulation.docker);
const events = new DockerEvents(docker);
const stopping = new AbortController();
afterAll(async () => {
  stopping.abort();
  await events.close();
  await simulation.remove();
});

const gluetun = new GluetunClient({
  auth: { kind: 'api-key', key: 'TOP-SECRET' },
  timeoutMs: 2_000,
  reconnectTimeoutMs: 4_000,
});

/** As much of it as these activities use. */
const deps: Partial<ActivityDeps> = {
  ...{ docker, events, instance: simulation.runId, stopping: stopping.signal, log: pino({ level: 'silent' }) },
  reach: async () => guessedReach(),
  engineApi: engineApi({ health: { type: 'tcp' }, connectionStatus: false }),
  gluetun: () => gluetun,
  ...{ controlPort: () => null, portIndex: () => 0, containerLabel: `portward.test=${simulation.runId}` },
  streams: () => ({ streams: async () => [], tell: async () => undefined }),
  ...{ checkIntervalMs: 500, collectIntervalMs: 60_000, healthCheckIntervalMs: 1_000 },
  ...{ healthFailureThreshold: 3, startupTimeoutMs: 10_000 },
};
const activities = createActivities(deps as ActivityDeps);

const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });

async function healthyVpn(): Promise<{ vpn: SimulatedVpn; ran: string }> {
  const vpn = await simulation.startVpn({ startDelayMs: 0 });
  await vpn.untilHealth('healthy');
  return { vpn, ran: session(observeDocker(await docker.inspectByName(vpn.name))) ?? '' };
}

const watch = (input: ObserveInput): Promise<Observation> => activities.observe(input);

/** What the next observation says of the port. */
async function portSeen(vpn: SimulatedVpn, known: Known, change: Partial<ObserveInput> = {}) {
  const input: ObserveInput = {
    ...{ vpn: vpn.name, instance: simulation.runId, image: 'portward-test-none', known, newsOnly: true },
    ...{ accounted: [], busy: { evicted: [], replacements: [] }, seenAt: null, portRead: null, ...change },
  };
  const observation = await environment().run<[ObserveInput], Observation, typeof watch>(watch, input);
  return observation.kind === 'sight' ? observation.port : observation.problem;
}

test('an engine whose VPN stops while it boots is given up at once, as no failure of the engine', async () => {
  const { vpn, ran } = await healthyVpn();
  const container = await simulation.docker.createContainer({
    name: simulation.name('engine'),
    Image: await ensureSimulatorImage(simulation.docker),
    HostConfig: { NetworkMode: `container:${vpn.containerId}` },
  });
  const engine = { ...plainEngine(19_000), id: container.id };
  const env = environment();
  let asked = false;
  env.on('heartbeat', () => (asked = true));
  const awaited = env.run((input: AwaitedEngine) => activities.awaitEngine(input), {
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

const reconnect = (vpn: SimulatedVpn, ran: string, mayBeStopped = false): Promise<boolean> =>
  environment().run(() => activities.reconnectVpn({ vpn: vpn.name, session: ran, mayBeStopped }));
const restartContainer = (vpn: SimulatedVpn, ran: string, reason: RemedyReason): Promise<boolean> =>
  environment().run(() => activities.restartVpn({ vpn: vpn.name, session: ran, reason }));

describe('restarting a VPN', () => {
  test('that refuses it is not asked again, unless an earlier attempt may have stopped it', async () => {
    const { vpn, ran } = await healthyVpn();
    await vpn.setFault({ kind: 'lost' });
    await vpn.setFault({ kind: '401', route: 'status' });
    await expect(reconnect(vpn, ran)).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringMatching(/refuses PUT \/v1\/vpn\/status \(401\), while it permits GET \/v1\/portforward/),
    });
    await expect(reconnect(vpn, ran, true)).rejects.not.toHaveProperty('type', 'Refused');
    await vpn.setFault(null);
    expect(await reconnect(vpn, ran)).toBe(true);
    await until('the port that this brings', async () => (await vpn.state()).port > 0);
    expect(await reconnect(vpn, ran)).toBe(false);
  });

  test('that its owner has stopped leaves it stopped, unless an earlier attempt may have done so', async () => {
    const { vpn, ran } = await healthyVpn();
    await vpn.stopVpn();
    await expect(reconnect(vpn, ran)).rejects.toMatchObject({ type: 'VpnStopped' });
    expect(await vpn.state()).toMatchObject({ status: 'stopped', orders: [] });
    expect(await reconnect(vpn, ran, true)).toBe(true);
    await until('the port', async () => (await vpn.state()).port > 0);
  });

  test('that deadlocks when it is told to stop is given up as one that hangs, and its container restarted', async () => {
    const { vpn, ran } = await healthyVpn();
    await vpn.losePort();
    await vpn.deadlockAtStop();
    await expect(reconnect(vpn, ran)).rejects.toMatchObject({
      type: 'ControlServerHangs',
      message: expect.stringMatching(/its control server has given no answer for 4 s/),
    });
    const { State } = await simulation.docker.getContainer(vpn.containerId).inspect();
    expect([State.Health?.Status, (await vpn.state()).status]).toEqual(['healthy', 'stopping']);
    expect(await restartContainer(vpn, ran, 'unhealthy')).toBe(false);
    expect(await restartContainer(vpn, ran, 'control server hangs')).toBe(true);
    await vpn.untilHealth('healthy');
    await until('the port', async () => (await vpn.state()).port > 0);
    expect(await restartContainer(vpn, ran, 'control server hangs')).toBe(false);
  });

  test('whose control server answers again, or which somebody has stopped, does not restart its container', async () => {
    const { vpn, ran } = await healthyVpn();
    expect(await restartContainer(vpn, ran, 'control server hangs')).toBe(false);
    await vpn.stop();
    expect(await restartContainer(vpn, ran, 'control server hangs')).toBe(false);
    expect((await simulation.docker.getContainer(vpn.containerId).inspect()).State.Running).toBe(false);
  });
});

/** An engine as Portward makes one, and what a watch that knows all of it is told next. */
async function watched(vpn: SimulatedVpn, httpPort: number) {
  const container = await simulation.docker.createContainer({
    ...{ name: simulation.name('engine'), Image: await ensureSimulatorImage(simulation.docker) },
    Env: [`HTTP_PORT=${httpPort}`],
    Labels: {
      ...{ 'portward.test': simulation.runId, 'portward.instance': simulation.runId },
      ...{ 'acestream.vpn_container': vpn.name, 'acestream.http_port': String(httpPort) },
    },
    HostConfig: { NetworkMode: `container:${vpn.containerId}` },
  });
  await container.start();
  let known: Known | null = null;
  const next = async (): Promise<Sight> => {
    const told: Observation = await environment().run<[ObserveInput], Observation, typeof watch>(watch, {
      ...{ vpn: vpn.name, instance: simulation.runId, image: 'portward-test-none', newsOnly: known !== null },
      ...{ known, accounted: [container.id], busy: { evicted: [], replacements: [] }, seenAt: 1, portRead: null },
    });
    if (told.kind === 'blind') throw new Error(told.problem);
    return (known = told);
  };
  const seen = async (what: (sight: Sight) => boolean): Promise<Sight> => {
    for (;;) {
      const sight = await next();
      if (what(sight)) return sight;
    }
  };
  await seen(({ port, engines }) => port.kind === 'known' && engines.some((e) => e.health === 'healthy'));
  return { engine: container, seen };
}

const isRestarting = (told: Known | null) =>
  told?.kind === 'sight' && told.vpn.kind === 'present' && told.vpn.down?.state === 'restarting';

describe('watching', () => {
  test('a VPN that is killed has its engines withheld before Docker, which takes down its published ports, calls it ended', async () => {
    const enginePorts = { from: 19_700, to: 19_749 };
    const vpn = await simulation.startVpn({ startDelayMs: 0, publish: true, enginePorts });
    await vpn.untilHealth('healthy');
    const { engine, seen } = await watched(vpn, 19_700);
    const [withheld] = await Promise.all([seen((sight) => sight.withheld !== undefined), vpn.kill()]);
    expect(withheld).toMatchObject({ vpn: { running: true }, withheld: [engine.id] });
    const ended = await seen((sight) => sight.vpn.kind === 'present' && !sight.vpn.running);
    expect(ended).toMatchObject({ vpn: { down: { state: 'exited', exitCode: 137 } } });
  }, 40_000);

  test('a reconnection inside the container is seen by its public address, which is read as soon as there is no port', async () => {
    const { vpn } = await healthyVpn();
    const { seen } = await watched(vpn, 19_700);
    await seen(({ publicIp }) => publicIp?.address === '203.0.113.7');
    await vpn.setNextAddresses('198.51.100.1');
    const began = performance.now();
    await Promise.all([seen(({ port }) => port.kind === 'unknown'), vpn.stopVpn()]);
    const [told] = await Promise.all([seen(({ publicIp }) => publicIp?.address !== '203.0.113.7'), vpn.runVpn()]);
    expect(told).toMatchObject({ vpn: { running: true, health: 'healthy' }, publicIp: { address: '198.51.100.1' } });
    expect(performance.now() - began).toBeLessThan(30_000);
  }, 60_000);

  test('an engine that is killed is withheld, or gone; one that lives on is not', async () => {
    const { vpn } = await healthyVpn();
    const { engine, seen } = await watched(vpn, 19_700);
    const next = seen(() => true);
    // A process without a handler for it ignores that as PID 1; its VPN has one.
    await engine.kill({ signal: 'SIGWINCH' });
    await simulation.docker.getContainer(vpn.containerId).kill({ signal: 'SIGWINCH' });
    await vpn.setFault({ kind: '500', route: 'portforward' });
    // The next news is another one.
    expect(await next).not.toHaveProperty('withheld');
    await vpn.setFault(null);
    await engine.kill();
    await seen((sight) => sight.withheld?.includes(engine.id) === true || sight.engines.some((e) => !e.running));
  }, 40_000);

  test('a container that Docker keeps restarting is told as such, and its runs are no news until it stays up', async () => {
    const vpn = await simulation.startVpn({ crashesWith: 3, restartPolicy: 'unless-stopped', startDelayMs: 0 });
    const next = (known: Known | null) =>
      environment().run<[ObserveInput], Observation, typeof watch>(watch, {
        ...{ vpn: vpn.name, instance: simulation.runId, image: 'portward-test-none', newsOnly: known !== null },
        ...{ known, accounted: [], busy: { evicted: [], replacements: [] }, seenAt: 1, portRead: null },
      });
    let known: Known | null = null;
    const seen: Observation[] = [];
    while (!isRestarting(known)) seen.push((known = await next(known)));
    expect(known).toMatchObject({ vpn: { running: false, down: { state: 'restarting', exitCode: 3 } } });
    // Running, ended, running again, and then the loop.
    expect(seen.length).toBeLessThanOrEqual(5);

    const runs = async () => (await docker.inspectByName(vpn.name))?.RestartCount ?? 0;
    const before = await runs();
    const news = next(known);
    let isNews = false;
    void news.then(() => (isNews = true));
    await until('two more runs', async () => (await runs()) >= before + 2, 20_000);
    expect(isNews).toBe(false);
    await vpn.mend();
    expect(await news).not.toMatchObject({ vpn: { down: { state: 'restarting' } } });
  }, 40_000);

  test('the first look that comes after Docker was away at the start has the port as any first look', async () => {
    const { vpn } = await healthyVpn();
    const port = await portSeen(vpn, { kind: 'blind', at: 1, problem: 'Docker is not reachable' });
    expect(port).toMatchObject({ kind: 'known', port: 5001 });
  });

  test('a VPN that is stopped inside its container is told as such, and not as one that has lost its port', async () => {
    const { vpn } = await healthyVpn();
    await vpn.stopVpn();
    const details = observeDocker(await docker.inspectByName(vpn.name));
    const none = { kind: 'unknown', forMs: 5_000, reason: 'none right now', none: true } as const;
    const known: Known = { kind: 'sight', vpn: details, port: none, engines: [], imagePresent: false };
    expect(await portSeen(vpn, known, { seenAt: 1 })).toMatchObject({ kind: 'unknown', none: true, stopped: true });
  });

  test('another reason for which the port can not be read is told, though nothing is decided by it', async () => {
    const { vpn } = await healthyVpn();
    await vpn.setFault({ kind: '500' });
    const details = observeDocker(await docker.inspectByName(vpn.name));
    const unknown = { kind: 'unknown', forMs: 5_000, reason: 'it gave no answer', none: false } as const;
    const known: Known = { kind: 'sight', vpn: details, port: unknown, engines: [], imagePresent: false };
    expect(await portSeen(vpn, known, { seenAt: 1 })).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(/500/),
    });
  });

  test('another reason for which Docker can not be asked is told', async () => {
    const gone = new DockerHost(new Dockerode({ socketPath: join(tmpdir(), simulation.name('docker.sock')) }));
    const away = createActivities({ ...deps, docker: gone } as ActivityDeps);
    const told = (cause: string) => {
      const input: ObserveInput = {
        ...{ vpn: 'gluetun', instance: simulation.runId, image: 'portward-test-none', newsOnly: true },
        ...{ accounted: [], busy: { evicted: [], replacements: [] }, seenAt: 1, portRead: null },
        known: { kind: 'blind', at: 1, problem: 'told before', cause },
      };
      return environment().run(() => away.observe(input));
    };
    expect(await told('EACCES')).toMatchObject({
      kind: 'blind',
      cause: 'ENOENT',
      problem: expect.stringContaining('ENOENT'),
    });
  });
});
