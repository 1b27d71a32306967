import { CommanderError } from 'commander';
import { api, closeAll, FleetStandIn } from '../api/api-under-test';
import { VpnStandIn } from '../api/vpn-stand-in';
import { DAY, forwardedEngine, plainEngine, replacement, vpnStatus, vpnSettings } from '../builders';
import { noPort } from '../../src/workflows/vpn/data';
import { stream } from '../stream-events';
import { Page, typed, TypedTerminal } from './typed';

// Runs commands against the real API over stand-ins of VPNs.

afterEach(closeAll);

const forwarded = forwardedEngine(19_000, 65_290, { streams: ['a'] });
const plain = plainEngine(19_001);

function twoVpns(): [VpnStandIn, VpnStandIn] {
  const one = new VpnStandIn('gluetun', [forwarded, plain]);
  const two = new VpnStandIn('gluetun2');
  two.answerStatus = async () =>
    vpnStatus({
      settings: vpnSettings({ vpn: 'gluetun2' }),
      port: { ...noPort, reason: 'the control server says no' },
      engines: [],
    });
  one.play(stream('a', { startedAt: DAY, containerId: forwarded.id }));
  return [one, two];
}

async function listening(sources: readonly VpnStandIn[], options: Parameters<typeof api>[1] = {}): Promise<string[]> {
  const server = await api(sources, options);
  return ['--url', await server.listen({ port: 0, host: '127.0.0.1' })];
}

test('status shows a summary, then each VPN with its problem, and then the engines', async () => {
  const at = await listening(twoVpns());
  const [glance = '', ...rest] = (await typed(['status', ...at])).split('\n').filter((line) => line !== '');
  expect(glance).toBe('1 of 2 VPNs forwarding, 2 engines, 1 stream');
  expect(rest[1]).toMatch(/^gluetun +healthy +65290 +forwarded +1 +0$/);
  expect(rest[2]).toMatch(/^gluetun2 +healthy +– +none +0 +0$/);
  expect(rest[3]).toBe('gluetun2: the control server says no');
  expect(rest[5]).toMatch(new RegExp(`^${forwarded.name} +gluetun +19000 +65290 +yes +healthy +1 +\\d+ d`));
  expect(rest[6]).toMatch(new RegExp(`^${plain.name} +gluetun +19001 +– +no +healthy +0 +`));
});

test('status says so when the workflows do not answer, and still shows the VPNs', async () => {
  const vpn = new VpnStandIn('gluetun');
  vpn.fail('no worker');
  const printed = await typed(['status', ...(await listening([vpn]))]);
  expect(printed).toContain('gluetun: its workflow does not answer: no worker');
  expect(printed).toContain('Portward answers 503');
});

test('engines, streams and replacements are tables', async () => {
  const [one, two] = twoVpns();
  const failed = replacement({ failedAttempts: 1, lastError: 'port 19001 is taken' });
  one.answerStatus = async () => vpnStatus({ replacements: [failed] });
  const at = await listening([one, two]);
  expect((await typed(['engines', ...at])).split('\n')[1]).toMatch(/ 65290 +yes +healthy /);
  const streams = (await typed(['streams', ...at])).split('\n');
  expect(streams[0]).toMatch(/^CONTENT +ENGINE +STATUS +FOR +PEERS +DOWN KB\/S +UP KB\/S$/);
  expect(streams[1]).toContain(forwarded.name);
  const replacements = (await typed(['replacements', 'gluetun', ...at])).split('\n');
  expect(replacements[1]).toMatch(/port changed +65290 → 40648 +running +– +– +1 +–$/);
  expect(replacements[3]).toMatch(/: port 19001 is taken$/);
  expect(await typed(['replacements', 'gluetun2', ...at])).toBe('No engine of this VPN has been replaced yet.\n');
});

test("with --json each command prints the API's answer on one line", async () => {
  const fleet = new FleetStandIn();
  const at = await listening(twoVpns(), { fleet });
  const said = async (...args: string[]): Promise<unknown> => {
    const printed = await typed([...args, '--json', ...at]);
    expect(printed.indexOf('\n')).toBe(printed.length - 1);
    return JSON.parse(printed);
  };
  expect(await said('status')).toMatchObject({
    vpns: [{ container_name: 'gluetun' }, { container_name: 'gluetun2' }],
    engines: [{ port: 19_000 }, { port: 19_001 }],
    streams: [{ id: 'a' }],
    stale_seconds: null,
    problem: null,
  });
  expect(await said('engines')).toMatchObject([{ port: 19_000 }, { port: 19_001 }]);
  expect(await said('streams')).toMatchObject([{ id: 'a' }]);
  expect(await said('replacements', 'gluetun')).toEqual([]);
  expect(await said('recheck', 'gluetun')).toEqual({ status: 'accepted' });
  expect(await said('scale', '5')).toEqual({ scaled_to: 5 });
  expect(await said('replace', 'gluetun')).toMatchObject({ vpn: 'gluetun', state: 'running' });
  expect(fleet.scaled).toEqual([5]);
});

test('recheck, scale and replace print their result', async () => {
  const [one, two] = twoVpns();
  const at = await listening([one, two], { pool: { minReplicas: 2 } });
  expect(await typed(['recheck', 'gluetun', ...at])).toContain('looks at gluetun now');
  expect(one.rechecked).toHaveLength(1);
  expect(await typed(['scale', '5', ...at])).toBe('Portward keeps 5 engines from now on.\n');
  expect(await typed(['scale', '1', ...at])).toBe(
    'Portward keeps 2 engines from now on; MIN_REPLICAS allows no fewer.\n',
  );
  expect(await typed(['replace', 'gluetun', '--reason', 'tried', ...at])).toMatch(/^Replacing .+: replace\//);
  expect(one.replaced).toMatchObject([{ request: { reason: 'tried' } }]);
});

test.each([
  ['an unknown VPN', ['replacements', 'other'], "Portward answers 404: no VPN 'other' is configured"],
  [
    'a number of engines above the maximum',
    ['scale', '999'],
    'Portward answers 503: 999 engines were requested, and the limit is 20',
  ],
])('%s is refused with a reason', async (_what, args, words) => {
  await expect(typed([...args, ...(await listening(twoVpns()))])).rejects.toThrow(words);
});

test('a key that is missing or wrong is refused with what to do', async () => {
  const at = await listening(twoVpns(), { access: { keys: ['right'] } });
  await expect(typed(['scale', '2', ...at])).rejects.toThrow(/\(401, missing bearer token\): set API_KEY/);
});

test('if no Portward answers, the error says what to do', async () => {
  await expect(typed(['status', '--url', 'http://127.0.0.1:9'])).rejects.toThrow(/No Portward answers at .+ --url/);
  await expect(typed(['status', '--url', 'nowhere'])).rejects.toThrow(/expected an address such as http:/);
});

test.each([[['scale', 'many']], [['status', '--watch', '0']], [['completion', 'cmd']], [['nonsense']]])(
  'the wrong command line portward %j is refused with an error',
  async (args) => {
    const terminal = new TypedTerminal();
    await expect(typed(args, terminal)).rejects.toThrow(CommanderError);
    expect(terminal.err.text).toMatch(/^error: /);
  },
);

test('the first line of the help shows how to begin', async () => {
  const terminal = new TypedTerminal();
  await expect(typed(['--help'], terminal)).rejects.toThrow(CommanderError);
  expect(terminal.out.lines[0]).toMatch(/^To begin: .*portward/);
});

const coloured = async (isTTY: boolean): Promise<boolean> => {
  const terminal = new TypedTerminal(new Page(isTTY));
  return (await typed(['status', ...(await listening(twoVpns()))], terminal)).includes('\u001B[32m');
};

test('colours are for terminals, and not for files', async () => {
  expect([await coloured(true), await coloured(false)]).toEqual([true, false]);
});
