import { control, reportedPort } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const put = (status: string) => ({ body: { status } });

test('stopping the VPN takes the port, starting it gives the next one, and Docker stays healthy', async () => {
  const vpn = await simulation.startVpn({ port: 5001 });
  await vpn.untilHealth('healthy');
  expect(await reportedPort(vpn)).toBe(5001);
  expect((await control(vpn, 'GET /v1/publicip/ip')).body).toBe('{"public_ip":"203.0.113.7"}');
  expect((await control(vpn, 'PUT /v1/vpn/status', put('stopped'))).body).toBe('{"outcome":"stopped"}');
  expect((await control(vpn, 'GET /v1/vpn/status')).body).toBe('{"status":"stopped"}');
  expect(await reportedPort(vpn)).toBe(0);
  await vpn.setNextPort(5002);
  await expect(vpn.changePort(5003)).rejects.toThrow('409');
  const stoppedAt = Date.now();
  const probe = await until('a probe since', async () => {
    const { State } = await simulation.docker.getContainer(vpn.containerId).inspect();
    return State.Health?.Log.find(({ Start }) => Date.parse(Start) > stoppedAt);
  });
  expect(probe.ExitCode).toBe(0);
  expect((await control(vpn, 'PUT /v1/vpn/status', put('running'))).body).toBe('{"outcome":"running"}');
  await until('the next port', async () => (await reportedPort(vpn)) === 5002);
});

test("the admin server stops and runs the VPN without the control server's key", async () => {
  const vpn = await simulation.startVpn({ port: 5001, startDelayMs: 0, auth: { mode: 'apikey', key: 'secret' } });
  await until('the port', async () => (await vpn.state()).port === 5001);
  await vpn.stopVpn();
  expect(await vpn.state()).toMatchObject({ status: 'stopped', port: 0, alive: false });
  await vpn.runVpn();
  expect(await vpn.state()).toMatchObject({ status: 'running', alive: true });
  await until('the port', async () => (await vpn.state()).port === 5001);
});

test('a reconnection with the same port runs both commands again', async () => {
  const vpn = await simulation.startVpn({ port: 5001, startDelayMs: 0 });
  await vpn.setChangeTimes({ upCommandMs: 1, downCommandMs: 1 });
  await until('the port', async () => (await vpn.state()).port === 5001);
  await vpn.reconnect();
  const { commands } = await until('the port again', async () => {
    const state = await vpn.state();
    return state.commands.length === 2 && state.port === 5001 ? state : null;
  });
  expect(commands).toMatchObject([
    { command: 'down', ports: [5001] },
    { command: 'up', ports: [5001] },
  ]);
});

test('a lost port comes back neither by ending faults nor by running alone, only by stopped and running', async () => {
  const vpn = await simulation.startVpn({ port: 5001 });
  await vpn.untilHealth('healthy');
  await vpn.losePort();
  expect(await reportedPort(vpn)).toBe(0);
  await vpn.setFault(null);
  expect((await control(vpn, 'PUT /v1/vpn/status', put('running'))).body).toBe('{"outcome":"already running"}');
  expect((await control(vpn, 'GET /v1/vpn/status')).body).toBe('{"status":"running"}');
  await expect(vpn.changePort(5002)).rejects.toThrow('lost');
  expect(await reportedPort(vpn)).toBe(0);
  await control(vpn, 'PUT /v1/vpn/status', put('stopped'));
  await control(vpn, 'PUT /v1/vpn/status', put('running'));
  await until('the port', async () => (await reportedPort(vpn)) === 5001);
});
