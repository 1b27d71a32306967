import { createServer } from 'node:http';
import { control, reportedPort } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const lasting = (ms: number): string => `/node -e "setTimeout(() => {}, ${ms})" {{PORT}} {{PORTS}}`;

test('a port change goes from the old port through 0 to the new one', async () => {
  const vpn = await simulation.startVpn({ port: 5001, portGapMs: 300 });
  await until('the first port', async () => (await reportedPort(vpn)) === 5001);
  const seen = [5001];
  const change = vpn.changePort(5002);
  await until('the new port', async () => {
    const port = await reportedPort(vpn);
    if (port !== seen.at(-1)) seen.push(port);
    return port === 5002;
  });
  const { oldPortDroppedAt, newPortSetAt } = await change;
  expect(seen).toEqual([5001, 0, 5002]);
  // A timer may fire a millisecond early by the wall clock.
  expect(newPortSetAt - oldPortDroppedAt).toBeGreaterThanOrEqual(299);
});

test('the down-command runs with the old port before 0, the up-command with the new port after it is set', async () => {
  const vpn = await simulation.startVpn({ port: 5001, upCommand: lasting(0), downCommand: lasting(0) });
  await until('the up-command at the start', async () => (await vpn.state()).commands[0]?.endedAt);
  const change = await vpn.changePort(5002, 5003);
  const [atStart, down, up] = (await vpn.state()).commands;
  expect(atStart).toMatchObject({ command: 'up', ports: [5001], exitCode: 0 });
  expect(down).toMatchObject({ command: 'down', ports: [5001], exitCode: 0 });
  expect(up).toMatchObject({ command: 'up', ports: [5002, 5003], exitCode: 0 });
  expect(down?.endedAt).toBeLessThanOrEqual(change.oldPortDroppedAt);
  expect(up?.startedAt).toBeGreaterThanOrEqual(change.newPortSetAt);
});

test.each(['up', 'down'] as const)('a GET of the port hangs while the %s-command runs', async (command) => {
  const vpn = await simulation.startVpn({ port: 5001, [`${command}Command`]: lasting(1000) });
  await until('a first port', async () => (await reportedPort(vpn)) === 5001);
  const change = vpn.changePort(5002);
  const running = async () =>
    (await vpn.state()).commands.find((run) => run.command === command && run.endedAt === null);
  await until(`a running ${command}-command`, running);
  await Promise.all([reportedPort(vpn), control(vpn, 'GET /v1/vpn/status')]);
  await change;
  const { commands } = await vpn.state();
  const requests = await vpn.requests();
  const ended = commands.findLast((run) => run.command === command)?.endedAt;
  expect(requests.findLast(({ path }) => path === '/v1/portforward')?.answeredAt).toBeGreaterThanOrEqual(
    ended ?? Infinity,
  );
  // The other routes of the control server answer meanwhile.
  expect(requests.findLast(({ path }) => path === '/v1/vpn/status')?.answeredAt).toBeLessThan(ended ?? 0);
});

test('a command that cannot be run does not keep the port from changing', async () => {
  const vpn = await simulation.startVpn({ port: 5001, upCommand: '/bin/sh -c "wget"' });
  await until('the first port', async () => (await reportedPort(vpn)) === 5001);
  await vpn.changePort(5002);
  expect(await reportedPort(vpn)).toBe(5002);
});

test('the up-hook is called in the background, and given up after a second', async () => {
  const bodies: string[] = [];
  const silent = createServer((request) => void request.on('data', (chunk) => bodies.push(String(chunk))));
  await new Promise<void>((resolve) => silent.listen(0, resolve));
  const address = silent.address();
  const hookPort = typeof address === 'object' ? address?.port : undefined;
  try {
    const vpn = await simulation.startVpn({ port: 5001, upHookUrl: `http://host.docker.internal:${hookPort}/hook` });
    await until('the first port', async () => (await reportedPort(vpn)) === 5001);
    const { newPortSetAt, finishedAt } = await vpn.changePort(5002);
    expect(finishedAt - newPortSetAt).toBeLessThan(1_000);
    await until('the call', () => bodies.includes('{"port":5002,"ports":[5002]}'));
    const call = await until('the end of the call', async () =>
      (await vpn.state()).hooks.find(({ ports, outcome }) => ports[0] === 5002 && outcome !== 'waiting'),
    );
    expect(call.outcome).toContain('aborted');
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
