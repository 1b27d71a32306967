import { text } from 'node:stream/consumers';
import { ensureSimulatorImage, NODE } from '../../simulator/image';
import { ADMIN_PORT } from '../../simulator/vpn/messages';
import { removeSimulation } from '../../simulator/vpn-container';
import { control, reportedPort } from './control';
import { logsOf, Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
const bystanders = new Simulation();
afterAll(async () => {
  await simulation.remove();
  await bystanders.remove();
});

test('Docker says starting until the tunnel is up, with the control server already answering port 0', async () => {
  const vpn = await simulation.startVpn({ startDelayMs: 3000 });
  expect(await reportedPort(vpn)).toBe(0);
  expect((await control(vpn, 'GET /v1/vpn/status')).body).toBe('{"status":"starting"}');
  // During the start a failed check does not make Docker say unhealthy.
  await until('a failed probe', async () => {
    const { State } = await simulation.docker.getContainer(vpn.containerId).inspect();
    expect(State.Health?.Status).toBe('starting');
    return State.Health?.Log.some(({ ExitCode }) => ExitCode !== 0);
  });
  await vpn.untilHealth('healthy');
  expect(await reportedPort(vpn)).toBe(5001);
});

test("Docker's health follows setHealth, while the port stays", async () => {
  const vpn = await simulation.startVpn();
  await vpn.untilHealth('healthy');
  await vpn.setHealth(false);
  await vpn.untilHealth('unhealthy');
  expect(await reportedPort(vpn)).toBe(5001);
  await vpn.setHealth(true);
  await vpn.untilHealth('healthy');
});

test('docker stop runs the down-command and is prompt, even while an up-command runs', async () => {
  const vpn = await simulation.startVpn({
    startDelayMs: 0,
    upCommand: '/node -e "setTimeout(() => {}, 50000)"',
    downCommand: '/node -e "console.log(\'down ran for\', process.argv[1])" {{PORT}}',
  });
  await until('the up-command', async () => (await vpn.state()).commands.length === 1);
  const asked = Date.now();
  await vpn.stop();
  expect(Date.now() - asked).toBeLessThan(5000);
  const container = simulation.docker.getContainer(vpn.containerId);
  expect(await logsOf(container)).toContain('down ran for 5001');
  expect((await container.inspect()).State.ExitCode).toBe(0);
});

test("a restart keeps the id and the provider's latest port", async () => {
  const vpn = await simulation.startVpn();
  await vpn.untilHealth('healthy');
  await vpn.changePort(5002);
  const before = vpn.containerId;
  await vpn.restart();
  expect(vpn.containerId).toBe(before);
  await until('the port', async () => (await reportedPort(vpn)) === 5002);
});

test('a re-creation gives a new id under the same name', async () => {
  const vpn = await simulation.startVpn();
  const before = vpn.containerId;
  await vpn.setNextPort(5002);
  await vpn.recreate();
  expect(vpn.containerId).not.toBe(before);
  expect((await simulation.docker.getContainer(vpn.name).inspect()).Id).toBe(vpn.containerId);
  await expect(simulation.docker.getContainer(before).inspect()).rejects.toThrow('No such container');
  await until('the port', async () => (await reportedPort(vpn)) === 5002);
});

test('outgoing connections from inside take no port that an engine may listen on', async () => {
  const vpn = await simulation.startVpn();
  await vpn.untilHealth('healthy');
  const Cmd = [NODE, '-e', "process.stdout.write(require('fs').readFileSync('/proc/net/tcp'))"];
  const exec = await simulation.docker.getContainer(vpn.containerId).exec({ Cmd, AttachStdout: true, Tty: true });
  const connections = await text(await exec.start({ Tty: true }));
  const ends = [...connections.matchAll(/: [0-9A-F]{8}:([0-9A-F]{4}) [0-9A-F]{8}:([0-9A-F]{4}) /g)];
  const healthChecks = ends.filter(([, , to = '']) => parseInt(to, 16) === ADMIN_PORT);
  const own = healthChecks.map(([, from = '']) => parseInt(from, 16));
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((port) => port < 10_000 || port > 18_999)).toEqual([]);
});

test('a published VPN answers on 127.0.0.1', async () => {
  const vpn = await simulation.startVpn({ publish: true, startDelayMs: 0 });
  expect(vpn.controlUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await until('the port', async () => (await reportedPort(vpn)) === 5001);
});

test('removing a simulation removes its VPNs, their engines and its networks, and nothing else', async () => {
  const { docker } = simulation;
  const run = new Simulation();
  const network = run.name('network');
  const vpn = await run.startVpn({ network });
  const other = await bystanders.startVpn();
  const Image = await ensureSimulatorImage(docker);
  try {
    const sharing = { NetworkMode: `container:${vpn.containerId}` };
    const engine = await docker.createContainer({ name: run.name('engine'), Image, HostConfig: sharing });
    await vpn.recreate();
    const named = await docker.createContainer({
      name: run.name('engine'),
      Image,
      Labels: { 'acestream.vpn_container': vpn.name },
    });
    const bystander = await docker.createContainer({
      name: run.name('engine'),
      Image,
      Labels: { 'acestream.vpn_container': other.name },
    });
    await removeSimulation(docker, run.runId);
    for (const gone of [engine.id, named.id, vpn.containerId]) {
      await expect(docker.getContainer(gone).inspect()).rejects.toThrow('No such container');
    }
    await expect(docker.getNetwork(network).inspect()).rejects.toThrow('not found');
    await expect(bystander.inspect()).resolves.toBeDefined();
    expect(await control(other, 'GET /v1/vpn/status')).toMatchObject({ status: 200 });
  } finally {
    await run.remove();
  }
});
