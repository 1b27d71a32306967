// docker-compose.yml as a new user starts it: what it passes on has to fit what Portward reads.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { splitWords } from '../../simulator/vpn/split-words';
import { judgeHints } from '../../src/doctor/checks/vpn/up-command';
import { forAllVpns } from '../../src/config/other-variables';
import { variables } from '../../src/config/variables';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';
import { configured } from './environment';

const ROOT = join(__dirname, '../..');

interface Service {
  readonly environment: Readonly<Record<string, string | number | null>>;
  readonly env_file?: unknown;
  readonly ports: readonly string[];
  readonly logging: { readonly options: Readonly<Record<string, string>> };
}

interface ComposeFile {
  readonly services: Readonly<Record<'gluetun' | 'gluetun2' | 'portward' | 'prometheus', Service>>;
}

const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const { gluetun, gluetun2, portward, prometheus } = (parse(compose, { merge: true }) as ComposeFile).services;

/** Variables that Portward's container or the file itself sets. */
const NOT_OF_THE_USER = [
  // Decided by the image and Docker's networks: listening at all addresses, one port, a volume as folder.
  ...['APP_HOST', 'DEBUG_LOG_DIR', 'PORTWARD_DATA_DIR', 'PORTWARD_CACHE_DIR', 'PORTWARD_URL', 'TEMPORAL_CLI_PATH'],
  ...['PORTWARD_TEMPORAL_PORT', 'PORTWARD_TEMPORAL_UI_PORT', 'GLUETUN_API_PORT_1', 'GLUETUN_API_PORT_2'],
  // A user's shell may have another one, for the user's own client.
  'DOCKER_HOST',
];

/** The variables of the VPN with this number, without those that the file sets itself. */
const NUMBERED = forAllVpns.flatMap((name) => [name, `${name}_1`, `${name}_2`]);

/** Names in .env.example that are for Portward, and not for Compose or Gluetun. */
function ofPortward(): string[] {
  const [before = ''] = readFileSync(join(ROOT, '.env.example'), 'utf8').split('# --- Read by docker-compose.yml only');
  return [...before.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name);
}

/** Variables of .env that appear in a service's environment. */
function interpolated(service: Service): string[] {
  return Object.values(service.environment).flatMap((value) =>
    [...String(value).matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name = '']) => name),
  );
}

const scratch = mkdtempSync(join(tmpdir(), 'portward-up-command-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A fake program that prints its arguments, and ends only when it may. */
const WGET = `#!/bin/sh
printf '%s\\n' "$@" > given.part; mv given.part given
until [ -e may-end ]; do sleep 0.02; done
touch ended
`;

testUnless(process.platform === 'win32' ? 'there is no /bin/sh' : null).each([
  ['gluetun', gluetun],
  ['gluetun2', gluetun2],
])(
  'the up-command of %s, split and started as Gluetun does, posts to Portward in the background',
  async (name, { environment }) => {
    const line = String(environment['VPN_PORT_FORWARDING_UP_COMMAND']);
    expect(judgeHints({ ...HINTS, vpn: name, command: line })).toMatchObject({ verdict: 'ok' });
    const [program = '', ...words] = splitWords(line);
    const folder = join(scratch, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'wget'), WGET, { mode: 0o755 });
    const PATH = `${folder}:${process.env['PATH']}`;
    // Ends while the program that it has started still runs.
    await promisify(execFile)(program, words, { cwd: folder, env: { PATH } });
    await until('the program', () => existsSync(join(folder, 'given')));
    const given = readFileSync(join(folder, 'given'), 'utf8').split('\n');
    expect(given).toEqual(expect.arrayContaining(['-T', '--post-data=', `http://portward:8000/vpns/${name}/recheck`]));
    expect(existsSync(join(folder, 'ended'))).toBe(false);
    writeFileSync(join(folder, 'may-end'), '');
    await until('its end', () => existsSync(join(folder, 'ended')));
  },
);

const HINTS = { logDriver: 'json-file', intervalS: 5, apiPort: 8000, portward: [{ host: 'portward', port: 8000 }] };

test('the API documentation shows the same up-command', () => {
  const docs = readFileSync(join(ROOT, 'docs/reference/api/vpns.md'), 'utf8');
  expect(docs).toContain(
    `VPN_PORT_FORWARDING_UP_COMMAND=${String(gluetun.environment['VPN_PORT_FORWARDING_UP_COMMAND'])}\n`,
  );
});

test("Portward's container gets each of its variables that is set in .env", () => {
  const wanted = [...Object.keys(variables), ...NUMBERED, ...ofPortward()];
  const given = Object.keys(portward.environment);
  expect(wanted.filter((name) => !given.includes(name) && !NOT_OF_THE_USER.includes(name))).toEqual([]);
});

test("Portward's container gets nothing else: no key, user or password of a VPN", () => {
  expect(portward.env_file).toBeUndefined();
  const foreign = Object.keys(portward.environment).filter(
    (name) =>
      !(name in variables) && !/^(GLUETUN|TEMPORAL)_/.test(name) && !['IDLE_TTL_S', 'AUTO_DELETE'].includes(name),
  );
  expect(foreign).toEqual([]);
  const ofVpns = [...interpolated(gluetun), ...interpolated(gluetun2)].filter(
    (name) => !name.startsWith('GLUETUN_API_KEY'),
  );
  expect(ofVpns).toEqual(expect.arrayContaining(['WIREGUARD_PRIVATE_KEY', 'OPENVPN_PASSWORD_2']));
  expect(
    [...interpolated(portward), ...Object.keys(portward.environment)].filter((name) => ofVpns.includes(name)),
  ).toEqual([]);
});

test('the values that the file sets itself are a valid configuration', () => {
  const set = Object.entries(portward.environment).filter(
    ([, value]) => value !== null && !String(value).includes('$'),
  );
  const env = Object.fromEntries(set.map(([name, value]) => [name, String(value)]));
  expect(configured({ ...env, VPN_MODE: 'redundant' }).vpns.map(({ name }) => name)).toEqual(['gluetun', 'gluetun2']);
});

test('each VPN has settings and keys of its own', () => {
  const first = interpolated(gluetun).filter((name) => name !== 'GLUETUN_API_KEY' && name !== 'GLUETUN_API_KEY_1');
  const second = interpolated(gluetun2);
  expect(Object.keys(gluetun2.environment).toSorted()).toEqual(Object.keys(gluetun.environment).toSorted());
  expect(first.filter((name) => !second.includes(`${name}_2`))).toEqual([]);
  expect(gluetun2.environment['WIREGUARD_PRIVATE_KEY']).toBe('${WIREGUARD_PRIVATE_KEY_2:-}');
});

test.each([
  ['gluetun', gluetun, 'GLUETUN_PORT_RANGE_1'],
  ['gluetun2', gluetun2, 'GLUETUN_PORT_RANGE_2'],
] as const)(
  "%s publishes its engines' ports to this machine only, and hardly more ports than engines",
  (_name, vpn, range) => {
    const ports = String(portward.environment[range]);
    expect(vpn.ports).toEqual([`127.0.0.1:${ports}:${ports}`]);
    const [first = 0, last = 0] = ports.split('-').map(Number);
    const engines = configured().pool.maxReplicas;
    expect(last - first + 1).toBeGreaterThan(engines);
    expect(last - first + 1).toBeLessThanOrEqual(25);
  },
);

test("the API is published to this machine only, and Temporal's ports are not published", () => {
  expect(portward.ports).toEqual(['127.0.0.1:8000:8000']);
});

test("no log can fill the disk, and Gluetun does not log each of Portward's questions", () => {
  for (const { logging } of [gluetun, gluetun2, portward, prometheus])
    expect(logging.options).toEqual({ 'max-size': '10m', 'max-file': '3' });
  for (const { environment } of [gluetun, gluetun2]) expect(environment['HTTP_CONTROL_SERVER_LOG']).toBe('off');
});

test("Portward's log is readable for people", () => {
  expect(portward.environment['LOG_FORMAT']).toBe('${LOG_FORMAT:-pretty}');
});

test('the documents show the ranges of the file, and remove the engines of this Portward only', () => {
  const documents = [
    'README.md',
    'docs/getting-started.md',
    'docs/guides/other-devices.md',
    'docs/guides/update-and-remove.md',
  ]
    .map((name) => readFileSync(join(ROOT, name), 'utf8'))
    .join('\n');
  const ranges = [...documents.matchAll(/\b19\d{3}[-–]19\d{3}\b/g)].map(([range]) => range.replace('–', '-'));
  expect(new Set(ranges)).toEqual(new Set(['19000-19024']));
  const removals = [...documents.matchAll(/docker rm -f \$\((.*)\)/g)].map(([, which]) => which);
  expect(removals.length).toBeGreaterThan(1);
  const ofThisOne = 'docker ps -aq --filter label=portward.instance=default';
  expect(removals.filter((which) => !which?.startsWith(ofThisOne))).toEqual([]);
});
