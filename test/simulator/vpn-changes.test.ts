import { control, reportedPort } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const running = { port: 5001, startDelayMs: 0 };

test('from the next change on the port is 0 for the set time', async () => {
  const vpn = await simulation.startVpn({ ...running, portGapMs: 0 });
  await until('the first port', async () => (await reportedPort(vpn)) === 5001);
  await vpn.setChangeTimes({ portGapMs: 600 });
  const change = vpn.changePort(5002);
  await until('the 0', async () => (await reportedPort(vpn)) === 0);
  await until('the new port', async () => (await reportedPort(vpn)) === 5002);
  const { oldPortDroppedAt, newPortSetAt } = await change;
  // A timer may fire a millisecond early by the wall clock.
  expect(newPortSetAt - oldPortDroppedAt).toBeGreaterThanOrEqual(599);
});

test.each(['up', 'down'] as const)(
  'only a change makes a GET of the port hang, for the set time of the %s-command',
  async (command) => {
    const vpn = await simulation.startVpn(running);
    await until('the first port', async () => (await reportedPort(vpn)) === 5001);
    await vpn.setChangeTimes({ [`${command}CommandMs`]: 800 });
    expect(await reportedPort(vpn)).toBe(5001);
    const change = vpn.changePort(5002);
    const run = await until(`a running ${command}-command`, async () =>
      (await vpn.state()).commands.find((candidate) => candidate.command === command),
    );
    expect(run.endedAt).toBeNull();
    await Promise.all([reportedPort(vpn), control(vpn, 'GET /v1/vpn/status')]);
    await change;
    const ended = (await vpn.state()).commands.find((candidate) => candidate.command === command)?.endedAt ?? 0;
    expect(ended - run.startedAt).toBeGreaterThanOrEqual(799);
    const requests = await vpn.requests();
    expect(requests.findLast(({ path }) => path === '/v1/portforward')?.answeredAt).toBeGreaterThanOrEqual(ended);
    expect(requests.findLast(({ path }) => path === '/v1/vpn/status')?.answeredAt).toBeLessThan(ended);
  },
);

test('the same port again is a change like any other, through 0 and with both commands', async () => {
  const vpn = await simulation.startVpn(running);
  await until('the first port', async () => (await reportedPort(vpn)) === 5001);
  await vpn.setChangeTimes({ portGapMs: 500, upCommandMs: 1, downCommandMs: 1 });
  const change = vpn.repeatPorts();
  await until('the 0', async () => (await reportedPort(vpn)) === 0);
  await change;
  expect(await reportedPort(vpn)).toBe(5001);
  expect((await vpn.state()).commands).toMatchObject([
    { command: 'down', ports: [5001] },
    { command: 'up', ports: [5001] },
  ]);
});

test('ports in another order are the same ports: no command runs, and a re-creation keeps the order', async () => {
  const vpn = await simulation.startVpn({ startDelayMs: 0, port: [5001, 5002, 5003] });
  const answer = async () => (await control(vpn, 'GET /v1/portforward')).body;
  await until('the ports', async () => (await answer()) === '{"ports":[5001,5002,5003]}');
  await vpn.setChangeTimes({ upCommandMs: 1, downCommandMs: 1 });
  await vpn.reorderPorts(5003, 5001, 5002);
  expect(await answer()).toBe('{"ports":[5003,5001,5002]}');
  expect((await vpn.state()).commands).toEqual([]);
  await expect(vpn.reorderPorts(5003, 5001)).rejects.toThrow('expected the ports 5003, 5001, 5002 in any order');
  await vpn.recreate();
  await until('the ports', async () => (await answer()) === '{"ports":[5003,5001,5002]}');
});

test('several ports may come with the next reconnection', async () => {
  const vpn = await simulation.startVpn(running);
  await until('the first port', async () => (await reportedPort(vpn)) === 5001);
  await vpn.setNextPort(5002, 5003);
  await vpn.reconnect();
  await until('the ports', async () => (await vpn.state()).port === 5002);
  expect((await control(vpn, 'GET /v1/portforward')).body).toBe('{"ports":[5002,5003]}');
});
