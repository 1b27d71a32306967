import { askConnected } from '../../src/clients/engine/engine-api';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { control, reportedPort } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const HTTP_PORT = 19_001;

function connected(vpn: SimulatedVpn): Promise<boolean> {
  return askConnected({ host: vpn.address, port: HTTP_PORT }, new AbortController().signal);
}

async function withEngine(): Promise<SimulatedVpn> {
  const vpn = await simulation.startVpn({ port: 5001 });
  await vpn.untilHealth('healthy');
  await simulation.startEngine(vpn, { HTTP_PORT: String(HTTP_PORT) });
  await until('a connected engine', () => connected(vpn).catch(() => false));
  return vpn;
}

async function dockerSays(vpn: SimulatedVpn): Promise<string | undefined> {
  return (await simulation.docker.getContainer(vpn.containerId).inspect()).State.Health?.Status;
}

test('a dead tunnel is first seen by engines, then by the port, then by Docker', async () => {
  const vpn = await withEngine();
  await vpn.killTunnel({ portLostAfterMs: 2_000, unhealthyAfterMs: 4_000 });
  expect(await connected(vpn)).toBe(false);
  expect(await reportedPort(vpn)).toBe(5001);
  expect((await control(vpn, 'GET /v1/vpn/status')).body).toBe('{"status":"running"}');
  expect(await dockerSays(vpn)).toBe('healthy');
  await until('port 0', async () => (await reportedPort(vpn)) === 0);
  expect(await dockerSays(vpn)).toBe('healthy');
  await vpn.untilHealth('unhealthy');
  expect((await control(vpn, 'GET /v1/vpn/status')).body).toBe('{"status":"running"}');
  // A restart brings a new session with a port.
  await vpn.restart();
  await vpn.untilHealth('healthy');
  await until('the port', async () => (await reportedPort(vpn)) === 5001);
});

test('by default Gluetun notices nothing for more than two minutes', async () => {
  const vpn = await withEngine();
  await vpn.killTunnel();
  const died = Date.now();
  await until('two more probes', async () => {
    const { State } = await simulation.docker.getContainer(vpn.containerId).inspect();
    return (State.Health?.Log.filter(({ Start }) => Date.parse(Start) > died).length ?? 0) >= 2;
  });
  expect(await dockerSays(vpn)).toBe('healthy');
  expect(await reportedPort(vpn)).toBe(5001);
  expect(await connected(vpn)).toBe(false);
  await vpn.reviveTunnel();
  expect(await connected(vpn)).toBe(true);
  expect(await reportedPort(vpn)).toBe(5001);
});

test('a tunnel that revives does not bring back the port that was lost; a reconnection does', async () => {
  const vpn = await withEngine();
  await vpn.killTunnel({ portLostAfterMs: 0, unhealthyAfterMs: 0 });
  await vpn.untilHealth('unhealthy');
  await vpn.reviveTunnel();
  await vpn.untilHealth('healthy');
  expect(await connected(vpn)).toBe(true);
  expect(await reportedPort(vpn)).toBe(0);
  await vpn.reconnect();
  await until('the port', async () => (await reportedPort(vpn)) === 5001);
});

test('engines are not connected while the VPN is stopped, and are again when it runs, in the same network', async () => {
  const vpn = await withEngine();
  await vpn.stopVpn();
  expect(await connected(vpn)).toBe(false);
  await vpn.runVpn();
  expect(await connected(vpn)).toBe(true);
});

test('a health check that fails does not disconnect engines', async () => {
  const vpn = await withEngine();
  await vpn.setHealth(false);
  await vpn.untilHealth('unhealthy');
  expect(await connected(vpn)).toBe(true);
});
