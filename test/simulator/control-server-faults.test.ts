// Portward's client for the control server, with each fault that a real VPN can have.
import { GluetunClient, GluetunError, NoPortForwarded, type FollowedPort } from '../../src/clients/gluetun/client';
import { RELEASES } from '../../simulator/vpn/messages';
import type { Fault, SimulatedVpn } from '../../simulator/vpn-container';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const KEY = 'TOP-SECRET';
const never = new AbortController().signal;
const client = new GluetunClient({ auth: { kind: 'api-key', key: KEY }, timeoutMs: 5_000 });
const hasty = new GluetunClient({ auth: { kind: 'api-key', key: KEY }, timeoutMs: 300 });

const port = (vpn: SimulatedVpn, { asker = client, follow }: { asker?: GluetunClient; follow?: FollowedPort } = {}) =>
  asker.forwardedPort(new URL(vpn.controlUrl), never, follow);

async function refusal(asking: Promise<unknown>): Promise<GluetunError> {
  const error: unknown = await asking.then(
    (found) => new Error(`expected no port, found ${String(found)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof GluetunError)) throw error;
  expect(`${error.message} ${error.stack}`).not.toContain(KEY);
  return error;
}

/** Expects an error that does not say that the port is gone: the control server can't be asked or understood. */
async function unclear(asking: Promise<unknown>): Promise<string> {
  const error = await refusal(asking);
  expect(error).not.toBeInstanceOf(NoPortForwarded);
  return error.message;
}

async function started(options: Parameters<Simulation['startVpn']>[0] = {}): Promise<SimulatedVpn> {
  const vpn = await simulation.startVpn({ startDelayMs: 0, auth: { mode: 'apikey', key: KEY }, ...options });
  await until('the port', async () => (await vpn.state()).port !== 0);
  return vpn;
}

async function dockerSays(vpn: SimulatedVpn): Promise<string | undefined> {
  return (await simulation.docker.getContainer(vpn.containerId).inspect()).State.Health?.Status;
}

const reconnect = (vpn: SimulatedVpn, mayBeStopped = false) =>
  client.reconnect(new URL(vpn.controlUrl), never, { mayBeStopped });

describe('on a VPN that runs', () => {
  let vpn: SimulatedVpn;
  beforeAll(async () => {
    vpn = await started();
  });
  afterEach(() => vpn.setFault(null));

  test.each<[string, Fault, RegExp]>([
    ['a 500', { kind: '500' }, /answers 500/],
    ['a 401', { kind: '401' }, /refuses access \(401\)/],
    ['garbage', { kind: 'garbage' }, /not JSON/],
    ['a page', { kind: 'garbage', body: '<html>port 5001</html>' }, /not JSON: "<html>/],
    ['a page that shows the key', { kind: 'garbage', body: `X-API-Key: ${KEY}` }, /not JSON: "X-API-Key: \*\*\*"/],
    ['another form', { kind: 'garbage', body: '{"port":"5001"}' }, /another form/],
    ['a redirect in circles', { kind: '301' }, /redirects more than 3 times/],
    [
      'a redirect elsewhere',
      { kind: '301', location: 'http://192.0.2.1/v1/portforward' },
      /redirects to another host, 192\.0\.2\.1$/,
    ],
    ['a hang', { kind: 'hang' }, /gave no answer within 300 ms/],
  ])('%s is unclear', async (_what, fault, message) => {
    await vpn.setFault(fault);
    expect(await unclear(port(vpn, { asker: fault.kind === 'hang' ? hasty : client }))).toMatch(message);
    await vpn.setFault(null);
    expect(await port(vpn)).toBe(5001);
  });

  test('a redirect to the other route is followed', async () => {
    await vpn.setFault({ kind: '301', location: '/v1/openvpn/portforwarded' });
    expect(await port(vpn)).toBe(5001);
  });

  test('a request that hangs for less than the limit still gets the port', async () => {
    await vpn.hang(400);
    expect(await port(vpn)).toBe(5001);
  });
});

test.each(RELEASES)('the port of release %s is read, and its VPN reconnected', async (release) => {
  const vpn = await started({ release });
  expect(await port(vpn)).toBe(5001);
  await vpn.setNextPort(5002);
  await reconnect(vpn);
  await until('the next port', async () => (await port(vpn).catch(() => 0)) === 5002);
});

test('while an up-command runs the port is unclear, and then the new one', async () => {
  const vpn = await started();
  await vpn.setChangeTimes({ upCommandMs: 4_000 });
  const change = vpn.changePort(5002);
  await until('the up-command', async () => (await vpn.state()).commands.length === 1);
  expect(await unclear(port(vpn, { asker: hasty }))).toMatch(/gave no answer within 300 ms/);
  await change;
  expect(await port(vpn)).toBe(5002);
});

test('in the middle of a change there is clearly no port, and then the new one', async () => {
  const vpn = await started();
  await vpn.setChangeTimes({ portGapMs: 4_000 });
  const change = vpn.changePort(5002);
  await until('the 0', async () => (await vpn.state()).port === 0);
  expect(await refusal(port(vpn))).toBeInstanceOf(NoPortForwarded);
  await change;
  expect(await port(vpn)).toBe(5002);
});

test('the same port again is the same port', async () => {
  const vpn = await started();
  await vpn.repeatPorts();
  expect(await port(vpn)).toBe(5001);
});

test('before the tunnel is up there is clearly no port, while Docker says starting', async () => {
  const vpn = await simulation.startVpn({ startDelayMs: 3_000, auth: { mode: 'apikey', key: KEY } });
  expect(await refusal(port(vpn))).toBeInstanceOf(NoPortForwarded);
  expect(await dockerSays(vpn)).toBe('starting');
  await vpn.untilHealth('healthy');
  await until('the port', async () => (await port(vpn).catch(() => 0)) === 5001);
});

test('with a dead tunnel the answer is the old port, and later clearly none', async () => {
  const vpn = await started();
  await vpn.killTunnel();
  expect(await port(vpn)).toBe(5001);
  await vpn.killTunnel({ portLostAfterMs: 0 });
  await until('the loss', async () => (await vpn.state()).lost);
  expect(await refusal(port(vpn))).toBeInstanceOf(NoPortForwarded);
});

test('after an upgrade without configuration the port is unclear, and the error says what to do', async () => {
  const vpn = await started();
  await vpn.upgrade('master');
  expect(await unclear(port(vpn))).toMatch(/refuses access \(401\): set GLUETUN_API_KEY/);
  expect(await unclear(reconnect(vpn))).toMatch(/refuses access \(401\)/);
  expect((await vpn.requests()).filter(({ method }) => method === 'PUT')).toHaveLength(2);
  await vpn.setAuth({ mode: 'apikey', key: KEY });
  await until('the port', async () => (await port(vpn).catch(() => 0)) === 5001);
});

test('the port of a VPN container that is not there is unclear', async () => {
  const vpn = await started();
  const base = new URL(vpn.controlUrl);
  await vpn.kill();
  expect(await unclear(hasty.forwardedPort(base, never))).toMatch(/can't be reached|gave no answer within 300 ms/);
});

test.each(['v3.41.1', 'master'] as const)(
  'on %s the port at the index is followed, and stays when the order changes',
  async (release) => {
    const vpn = await started({ release, port: [5001, 5002, 5003] });
    expect(await port(vpn)).toBe(5001);
    expect(await port(vpn, { follow: { index: 1, current: null } })).toBe(5002);
    await vpn.reorderPorts(5003, 5001, 5002);
    expect(await port(vpn, { follow: { index: 1, current: 5002 } })).toBe(5002);
    await vpn.changePort(5004, 5005);
    expect(await port(vpn, { follow: { index: 1, current: 5002 } })).toBe(5005);
    await vpn.changePort(5006);
    expect(await unclear(port(vpn, { follow: { index: 1, current: 5005 } }))).toMatch(
      /forwards 1 port, and GLUETUN_PORT_INDEX asks for number 1/,
    );
  },
);

describe('a reconnection', () => {
  test('brings back a port that was lost for good, while Docker says healthy all the time', async () => {
    const vpn = await started();
    await vpn.untilHealth('healthy');
    await vpn.losePort();
    expect(await refusal(port(vpn))).toBeInstanceOf(NoPortForwarded);
    expect(await dockerSays(vpn)).toBe('healthy');
    await reconnect(vpn);
    await until('the port', async () => (await port(vpn).catch(() => 0)) === 5001);
    expect(await dockerSays(vpn)).toBe('healthy');
  });

  test('runs a VPN that was left stopped, where there is clearly no port', async () => {
    const vpn = await started();
    await vpn.stopVpn();
    expect(await refusal(port(vpn))).toBeInstanceOf(NoPortForwarded);
    expect(await unclear(reconnect(vpn))).toMatch(/is stopped, and not by Portward/);
    await reconnect(vpn, true);
    await until('the port', async () => (await port(vpn).catch(() => 0)) === 5001);
  });

  test('waits for the down-command', async () => {
    const vpn = await started();
    await vpn.setChangeTimes({ downCommandMs: 1_500 });
    await reconnect(vpn);
    const { commands, status } = await vpn.state();
    expect(status).toBe('running');
    expect(commands[0]).toMatchObject({ command: 'down', exitCode: 0 });
    expect(commands[0]?.endedAt).not.toBeNull();
  });

  test.each(['500', 'garbage', 'hang'] as const)(
    'does not leave the VPN stopped if the control server fails with %s after the stop',
    async (kind) => {
      const vpn = await started();
      await vpn.setChangeTimes({ downCommandMs: 2_500 });
      const reconnecting = reconnect(vpn);
      // The control server has accepted the stop and will answer it; the fault affects the next request.
      await until('the stop', async () => (await vpn.state()).status === 'stopping');
      await vpn.setFault({ kind, route: 'status' });
      const puts = async () => (await vpn.requests()).filter(({ method }) => method === 'PUT').length;
      await until('a request that meets the fault', async () => (await puts()) >= 2);
      expect((await vpn.state()).status).toBe('stopped');
      await vpn.setFault(null);
      await reconnecting;
      expect((await vpn.state()).status).toBe('running');
      await until('the port', async () => (await port(vpn).catch(() => 0)) === 5001);
    },
  );

  test('that has given up on a hanging control server leaves a VPN that runs again when the server recovers', async () => {
    const vpn = await started();
    await vpn.setFault({ kind: 'hang', route: 'status' });
    const impatient = new GluetunClient({
      auth: { kind: 'api-key', key: KEY },
      timeoutMs: 300,
      reconnectTimeoutMs: 1_500,
    });
    expect(await unclear(impatient.reconnect(new URL(vpn.controlUrl), never, { mayBeStopped: true }))).toMatch(
      /does not run again/,
    );
    await vpn.setFault(null);
    await until('a VPN that has been stopped and runs', async () => {
      const { status, port: now } = await vpn.state();
      return status === 'running' && now === 5001;
    });
  });
});
