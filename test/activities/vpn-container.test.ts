import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities, type AwaitedEngine } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';
import { observeDocker } from '../../src/activities/docker-look';
import { DockerHost } from '../../src/docker/docker-host';
import { session } from '../../src/domain/observation';
import { GluetunClient } from '../../src/gluetun/client';
import { ensureSimulatorImage } from '../../simulator/image';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { plainEngine } from '../builders';
import { Simulation } from '../simulator/simulation';
import { until } from '../simulator/until';

// What activities make of a VPN that stops under an engine, or that refuses to be restarted.

const simulation = new Simulation();
const docker = new DockerHost(simulation.docker);
afterAll(() => simulation.remove());

/** As much of it as these activities use; no engine answers. */
const deps: Partial<ActivityDeps> = {
  docker,
  reach: async () => ({ kind: 'network', preferred: [] }),
  engineApi: {
    answers: () => Promise.reject(new Error('it is still booting')),
    isConnected: () => Promise.resolve(false),
  } as unknown as ActivityDeps['engineApi'],
  gluetun: () => new GluetunClient({ auth: { kind: 'none' }, timeoutMs: 2_000, reconnectTimeoutMs: 4_000 }),
  gluetunPort: 8_000,
};
const activities = createActivities(deps as ActivityDeps);

const environment = (attempt = 1) =>
  new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR', () => {}) });

async function healthyVpn(): Promise<{ vpn: SimulatedVpn; ran: string }> {
  const vpn = await simulation.startVpn({ startDelayMs: 0 });
  await vpn.untilHealth('healthy');
  return { vpn, ran: session(observeDocker(await docker.inspect(vpn.name))) ?? '' };
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

test('a VPN that refuses to be restarted is not asked again, unless an earlier attempt may have stopped it', async () => {
  const { vpn, ran } = await healthyVpn();
  await vpn.setFault({ kind: 'lost' });
  await vpn.setFault({ kind: '401', route: 'status' });
  const reconnect = (attempt: number) =>
    environment(attempt).run(() => activities.reconnectVpn({ vpn: vpn.name, session: ran }));
  await expect(reconnect(1)).rejects.toMatchObject({
    nonRetryable: true,
    message: expect.stringMatching(/401/),
  });
  await expect(reconnect(2)).rejects.not.toHaveProperty('nonRetryable', true);
  await vpn.setFault(null);
  await reconnect(1);
  await until('the port that this brings', async () => (await vpn.state()).port > 0);
});
