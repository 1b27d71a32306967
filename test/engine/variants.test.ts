import { engineProcess, p2pPortOf, variants, type EnginePorts, type Variant } from '../../src/engine/variants';

const PLAIN: EnginePorts = { http: 19_000, https: 45_000, p2p: null };
const FORWARDED: EnginePorts = { ...PLAIN, p2p: 65_290 };

function variant(name: string): Variant {
  const found = variants[name];
  if (!found) throw new Error(`no variant '${name}'`);
  return found;
}
const krinkuto = variant('krinkuto11-amd64');

const KRINKUTO_ENV = [
  'CONF=--http-port=19000\n--https-port=45000\n--bind-all',
  'HTTP_PORT=19000',
  'HTTPS_PORT=45000',
  'BIND_ALL=true',
  'INTERNAL_BUFFERING=60',
  'CACHE_LIMIT=1',
];

test('krinkuto11-amd64 has the image and, on a plain engine, exactly the environment of the contract', () => {
  expect(krinkuto.image).toBe('ghcr.io/krinkuto11/acestream-http-proxy:latest');
  expect(engineProcess(krinkuto, PLAIN, {})).toEqual({ env: KRINKUTO_ENV, command: null });
});

test('krinkuto11-amd64 is given P2P_PORT on a forwarded engine', () => {
  expect(engineProcess(krinkuto, FORWARDED, {}).env).toEqual([...KRINKUTO_ENV, 'P2P_PORT=65290']);
});

test("a caller's CONF and other variables win", () => {
  const { env } = engineProcess(krinkuto, FORWARDED, { CONF: '--my-own', CACHE_LIMIT: '9', EXTRA: 'a=b' });
  expect(env).toEqual(
    expect.arrayContaining(['CONF=--my-own', 'CACHE_LIMIT=9', 'EXTRA=a=b', 'HTTP_PORT=19000', 'P2P_PORT=65290']),
  );
  expect(env).toHaveLength(KRINKUTO_ENV.length + 2);
});

test('a variant that is told its ports on the command line has them filled in there', () => {
  const command = ['python', 'main.py', '--http-port', '{{HTTP_PORT}}', '--https-port', '{{HTTPS_PORT}}'];
  const onCommandLine: Variant = { image: 'x', env: {}, forwardedEnv: {}, command };
  expect(engineProcess(onCommandLine, PLAIN, {})).toEqual({
    env: [],
    command: ['python', 'main.py', '--http-port', '19000', '--https-port', '45000'],
  });
});

test('the P2P port of an engine that Portward made is found again', () => {
  expect(p2pPortOf(engineProcess(krinkuto, FORWARDED, {}).env, [])).toBe(65_290);
  expect(p2pPortOf(engineProcess(krinkuto, PLAIN, {}).env, [])).toBeNull();
});

test.each<[string, string[], string[]]>([
  ['P2P_PORT', ['P2P_PORT=65290'], []],
  ['P2P_PORT, which wins over CONF', ['CONF=--port=1', 'P2P_PORT=65290'], []],
  ['CONF', ['CONF=--http-port=19000\n--port=65290\n--bind-all'], []],
  ['CONF with a blank', ['CONF=--bind-all --port 65290'], []],
  ['CONF beside an empty P2P_PORT', ['P2P_PORT=', 'CONF=--port=65290'], []],
  ['ACESTREAM_ARGS', ['ACESTREAM_ARGS=--http-port 19000 --https-port 45000 --port 65290'], []],
  ['the command', [], ['python', 'main.py', '--http-port', '19000', '--port', '65290']],
  ['the command, in one word', [], ['--port=65290']],
])('the P2P port is read from %s', (_where, env, command) => {
  expect(p2pPortOf(env, command)).toBe(65_290);
});

test.each<[string, string[], string[]]>([
  ['nothing', [], []],
  ['other ports only', ['CONF=--http-port=19000\n--https-port=45000'], ['--api-port', '1']],
  ['a text', ['P2P_PORT=auto'], []],
  ['port 0', ['P2P_PORT=0'], []],
  ['a port over 65535', ['P2P_PORT=65536'], []],
  ['half a port', ['P2P_PORT=65290.5'], []],
  ['a port in another notation', ['P2P_PORT=0xff0a'], []],
  ['a number that is too long', ['CONF=--port=652900000'], []],
  ['an option without a value', [], ['--port']],
  ['an option that only begins like it', [], ['--portability=65290']],
  ['a variable without a value', ['P2P_PORT', 'CONF'], []],
])('%s is no P2P port', (_what, env, command) => {
  expect(p2pPortOf(env, command)).toBeNull();
});
