import * as fc from 'fast-check';
import { p2pPortOf } from '../../../src/clients/engine/p2p-port';
import { engineProcess, type EngineOnPorts, type Variant } from '../../../src/clients/engine/variant';
import { variants } from '../../../src/clients/engine/variants';

const PLAIN: EngineOnPorts = { vpn: 'gluetun', http: 19_000, https: 45_000, p2p: null };
const FORWARDED: EngineOnPorts = { ...PLAIN, p2p: 65_290 };
const all = variants({ arm32: 'arm32-v3.2.13', arm64: 'arm64-v3.2.13' });

function variant(name: string): Variant {
  const found = all[name];
  if (!found) throw new Error(`no variant '${name}'`);
  return found;
}
const krinkuto = variant('krinkuto11-amd64');

/** The value of a variable in the engine's environment. */
function given(name: string, engine: EngineOnPorts, variable: string): string {
  const { env } = engineProcess(variant(name), engine, {});
  return env.find((entry) => entry.startsWith(`${variable}=`))?.slice(variable.length + 1) ?? '';
}

const KRINKUTO_ENV = [
  'CONF=--http-port=19000\n--https-port=45000\n--bind-all',
  'HTTP_PORT=19000',
  'HTTPS_PORT=45000',
  'BIND_ALL=true',
  'INTERNAL_BUFFERING=60',
  'CACHE_LIMIT=1',
];

test('the four variants of the contract exist, with their images', () => {
  expect(Object.entries(all).map(([name, { image }]) => [name, image])).toEqual([
    ['krinkuto11-amd64', 'ghcr.io/krinkuto11/acestream-http-proxy:latest'],
    ['jopsis-amd64', 'jopsis/acestream:x64'],
    ['jopsis-arm32', 'jopsis/acestream:arm32-v3.2.13'],
    ['jopsis-arm64', 'jopsis/acestream:arm64-v3.2.13'],
  ]);
});

test('a plain krinkuto11-amd64 engine gets exactly the environment of the contract', () => {
  expect(engineProcess(krinkuto, PLAIN, {})).toEqual({ env: KRINKUTO_ENV, command: null, volumes: [] });
});

test('a forwarded krinkuto11-amd64 engine gets P2P_PORT', () => {
  expect(engineProcess(krinkuto, FORWARDED, {}).env).toEqual([...KRINKUTO_ENV, 'P2P_PORT=65290']);
});

test('jopsis-amd64 gets its ports in ACESTREAM_ARGS, with the P2P port for a forwarded engine only', () => {
  const plain = given('jopsis-amd64', PLAIN, 'ACESTREAM_ARGS');
  expect(plain).toMatch(/^--client-console --bind-all .* --http-port 19000 --https-port 45000$/);
  expect(given('jopsis-amd64', FORWARDED, 'ACESTREAM_ARGS')).toBe(`${plain} --port 65290`);
  expect(engineProcess(variant('jopsis-amd64'), FORWARDED, {})).toMatchObject({
    env: [expect.anything()],
    command: null,
  });
});

test.each(['jopsis-arm32', 'jopsis-arm64'])(
  '%s gets its ports on the command line, with the P2P port for a forwarded engine only',
  (name) => {
    const { env, command } = engineProcess(variant(name), PLAIN, {});
    expect(env).toEqual([]);
    expect(command?.slice(0, 4)).toEqual(['python', 'main.py', '--bind-all', '--client-console']);
    expect(command?.slice(-4)).toEqual(['--http-port', '19000', '--https-port', '45000']);
    expect(engineProcess(variant(name), FORWARDED, {}).command).toEqual([...(command ?? []), '--port', '65290']);
  },
);

test("a caller's CONF and other variables override the variant's", () => {
  const { env } = engineProcess(krinkuto, FORWARDED, { CONF: '--my-own', CACHE_LIMIT: '9', EXTRA: 'a=b' });
  expect(env).toEqual(
    expect.arrayContaining(['CONF=--my-own', 'CACHE_LIMIT=9', 'EXTRA=a=b', 'HTTP_PORT=19000', 'P2P_PORT=65290']),
  );
  expect(env).toHaveLength(KRINKUTO_ENV.length + 2);
});

test("ports are filled into a caller's CONF as well, since callers can't know them", () => {
  const { env } = engineProcess(krinkuto, PLAIN, { CONF: '--http-port={{HTTP_PORT}} --cache-limit 2' });
  expect(env).toContain('CONF=--http-port=19000 --cache-limit 2');
});

test('a variable named like a property of every object is a variable like others', () => {
  const env = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
  expect(engineProcess(krinkuto, PLAIN, env).env).toEqual([...KRINKUTO_ENV, '__proto__=a', 'constructor=b']);
});

const custom: Variant = {
  ...krinkuto,
  env: { WEB: '{{HTTP_PORT}}/{{HTTPS_PORT}} on {{VPN}}', PEERS: '[{{P2P_PORT}}]', TEMPLATE: '{{.Name}} {{OTHER}}' },
  forwardedEnv: { MODE: 'active' },
  command: ['run', '--web', '{{HTTP_PORT}}', '--peers={{P2P_PORT}}', '--port', '{{P2P_PORT}}', '-v'],
  volumes: ['config-{{VPN}}:/config', 'port-{{P2P_PORT}}:/port:ro'],
};

test('for a forwarded engine every placeholder is filled in, in variables, words and volumes; other text stays', () => {
  expect(engineProcess(custom, FORWARDED, {})).toEqual({
    env: ['WEB=19000/45000 on gluetun', 'PEERS=[65290]', 'TEMPLATE={{.Name}} {{OTHER}}', 'MODE=active'],
    command: ['run', '--web', '19000', '--peers=65290', '--port', '65290', '-v'],
    volumes: ['config-gluetun:/config', 'port-65290:/port:ro'],
  });
});

test('for a plain engine texts with the P2P port are left out, as is an option with that value', () => {
  expect(engineProcess(custom, PLAIN, { MINE: '{{P2P_PORT}}' })).toEqual({
    env: ['WEB=19000/45000 on gluetun', 'TEMPLATE={{.Name}} {{OTHER}}'],
    command: ['run', '--web', '19000', '-v'],
    volumes: ['config-gluetun:/config'],
  });
});

test('the P2P port of a forwarded engine is found in its container for each variant, and none for a plain one', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(all)), port, port, port, (kind, http, https, p2p) => {
      const foundIn = (engine: EngineOnPorts) => {
        const { env, command } = engineProcess(kind, engine, {});
        return p2pPortOf(env, command ?? []);
      };
      expect(foundIn({ vpn: 'gluetun', http, https, p2p })).toBe(p2p);
      expect(foundIn({ vpn: 'gluetun', http, https, p2p: null })).toBeNull();
    }),
  );
});
