import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envFile, judgeEnvFile } from '../../src/doctor/checks/configuration/env-file';
import { judgeMistakes } from '../../src/doctor/checks/configuration/mistakes';
import { judgeRanges } from '../../src/doctor/checks/configuration/port-ranges';
import { judgeQuotes } from '../../src/doctor/checks/configuration/quotes';
import { judgeNames, unknownNames } from '../../src/doctor/checks/configuration/unknown-names';
import { judgeWithoutEffect } from '../../src/doctor/checks/configuration/without-effect';
import { Site } from '../../src/doctor/site';
import { isKnownName, resembling } from '../../src/doctor/known-names';
import { said } from './said';

const folder = mkdtempSync(join(tmpdir(), 'portward-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const site = (env: Record<string, string> = {}) =>
  new Site({ env, folder, askPortward: () => Promise.reject(new Error('not asked here')) });
const { signal } = new AbortController();

const ofFile = (text: string | Buffer, mode = 0o600) =>
  said(judgeEnvFile('.env', { bytes: Buffer.isBuffer(text) ? text : Buffer.from(text), mode }));

describe('the file .env', () => {
  test.each<[string, string | Buffer, number, RegExp]>([
    ['a byte order mark', '\uFEFFAPI_KEY=k', 0o600, /^warning: .env begins with a byte order mark.*save it as UTF-8/],
    ['UTF-16', Buffer.from('API_KEY=k', 'utf16le'), 0o600, /^wrong: .env is UTF-16.*encoding UTF-8/],
    [
      'a # in a value',
      'GLUETUN_PASSWORD=ab#cd',
      0o600,
      /^warning: .*# stands in the middle of GLUETUN_PASSWORD.*quotes/,
    ],
    ['secrets that others can read', 'API_KEY=k', 0o644, /^warning: .*other users.*chmod 600 .env/],
  ])('with %s', (_what, text, mode, words) => {
    expect(ofFile(text, mode)).toMatch(words);
  });

  test.each([
    [
      'quotes, comments and no secret that others can read',
      "API_KEY='a#b' # mine\nexport APP_PORT=1 # two\n#X=a#b\nMIN_REPLICAS=2",
      0o600,
    ],
    ['no secret', 'APP_PORT=1', 0o644],
  ])('with %s is fine', (_what, text, mode) => {
    expect(ofFile(text, mode)).toMatch(/^ok: /);
  });

  test('is read from the folder in which Portward is started', async () => {
    const look = () => envFile(site()).look(signal);
    expect(said(await look())).toMatch(/^ok: there is no file/);
    writeFileSync(join(folder, '.env'), '\uFEFFGLUETUN_CONTAINER_NAMEE=gluetun\n', { mode: 0o600 });
    expect(said(await look())).toMatch(/byte order mark/);
    expect(said(await unknownNames(site()).look(signal))).toMatch(/did you mean GLUETUN_CONTAINER_NAME\?/);
  });
});

describe('names', () => {
  test.each([
    ['GLUETUN_CONTAINER_NAMEE', 'GLUETUN_CONTAINER_NAME'],
    ['GLUETUN_CONTIANER_NAME', 'GLUETUN_CONTAINER_NAME'],
    ['gluetun_api_key', 'GLUETUN_API_KEY'],
    ['GLUETUN-API-KEY', 'GLUETUN_API_KEY'],
    ['GLUETUN_PORT_RANGE1', 'GLUETUN_PORT_RANGE_1'],
    ['MIN_REPLICA', 'MIN_REPLICAS'],
    ['API_KEI', 'API_KEY'],
  ])('%s resembles %s', (name, meant) => {
    expect(resembling(name)).toBe(meant);
    expect(said(judgeNames([name]))).toMatch(
      `warning: Portward does not know ${name}, it has no effect, did you mean ${meant}?`,
    );
  });

  test.each([
    'PATH',
    'HOME',
    'HOSTNAME',
    'LANG',
    'TZ',
    'DOCKER_CONFIG',
    'NODE_ENV',
    'PWD',
    'API',
    'TEMPORAL_GRPC_META_x',
    'GLUETUN_API_PORT_12',
  ])('%s resembles no variable of Portward', (name) => expect(said(judgeNames([name]))).toMatch(/^ok: /));

  test('every name in .env.example is known', () => {
    const text = readFileSync(join(__dirname, '..', '..', '.env.example'), 'utf8');
    const names = [...text.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(80);
    expect(names.filter((name) => !isKnownName(name))).toEqual([]);
  });
});

test('a value in quotes is reported by its name, and the value is not shown', () => {
  const judged = said(judgeQuotes({ GLUETUN_API_KEY: '"secret"', PS1: "'$ '", APP_PORT: '8000' }));
  expect(judged).toMatch(/^warning: the quotes around GLUETUN_API_KEY count/);
  expect(judged).not.toContain('secret');
  expect(said(judgeQuotes({ GLUETUN_API_KEY: 'secret' }))).toMatch(/^ok: /);
});

test('variables without an effect are reported', () => {
  const judged = said(
    judgeWithoutEffect({ IDLE_TTL_S: '600', GLUETUN_CONTAINER_NAME_2: 'gluetun2', VPN_MODE: 'single' }),
  );
  expect(judged).toMatch(/IDLE_TTL_S is set and has no effect/);
  expect(judged).toMatch(/set VPN_MODE=redundant/);
  expect(said(judgeWithoutEffect({ GLUETUN_CONTAINER_NAME_2: 'gluetun2', VPN_MODE: 'redundant' }))).toMatch(/^ok: /);
  const temporal = { TEMPORAL_NAMESPACE: 'mine', TEMPORAL_TLS: 'true' };
  expect(said(judgeWithoutEffect(temporal))).toMatch(
    /^warning: TEMPORAL_NAMESPACE, TEMPORAL_TLS are set without TEMPORAL_ADDRESS, and have no effect/,
  );
  expect(said(judgeWithoutEffect({ ...temporal, TEMPORAL_ADDRESS: 't:7233' }))).toMatch(/^ok: /);
});

describe('variables', () => {
  test('each mistake is reported', () => {
    const { mistakes } = site({ APP_PORT: 'eighty', GLUETUN_CONTAINER_NAME: 'gluetun' });
    expect(said(judgeMistakes(mistakes, [], true))).toMatch(
      /^wrong: APP_PORT: expected .*got 'eighty'.*correct it in .env/,
    );
  });
  test('without a mistake, the VPNs are named', () => {
    expect(said(judgeMistakes([], ['a', 'b'], true))).toBe('ok: all variables are valid; VPNs: a, b');
  });
});

test.each([
  [24, 1, /^ok: gluetun: 19000-19024$/],
  [
    0,
    1,
    /^warning: the range 19000-19000 of VPN 'gluetun' has 1 port, for 1 engine, .*has to wait.*GLUETUN_PORT_RANGE_1 to 19000-19002/,
  ],
  [1, 3, /^wrong: .*some engines get no port/],
])('a range of %i ports more than one, for %i engines', (more, targetEngines, words) => {
  const vpn = site({ GLUETUN_CONTAINER_NAME: 'gluetun' }).settings.vpns[0];
  if (!vpn) throw new Error('no VPN');
  expect(said(judgeRanges([{ ...vpn, targetEngines, httpPorts: { first: 19_000, last: 19_000 + more } }]))).toMatch(
    words,
  );
});
