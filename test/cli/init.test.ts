import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { init } from '../../src/cli/commands/init';
import { vpnIn, type FoundVpn } from '../../src/cli/init/found-vpn';
import { atTerminal, nobody, type Questions } from '../../src/cli/init/questions';
import { loadConfig } from '../../src/config/config';
import type { ContainerDetails } from '../../src/clients/docker/docker-host';
import { loadEnvFile } from '../../src/config/env-file';
import { PassThrough } from 'node:stream';
import { TypedTerminal } from './typed';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portward-init-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

const gluetun: FoundVpn = {
  name: 'gluetun',
  provider: 'protonvpn',
  portForwarding: true,
  networks: ['media_default'],
  published: { first: 19_000, last: 19_024 },
  key: "it's # a key",
};

/** Answers as the test says, by a word of the question; with the default otherwise. */
function answering(answers: Readonly<Record<string, string>>): Questions & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    ask: async (question, otherwise) => {
      asked.push(question);
      return Object.entries(answers).find(([word]) => question.includes(word))?.[1] ?? otherwise;
    },
    close: () => undefined,
  };
}

async function initialised(
  found: readonly FoundVpn[],
  questions: Questions = nobody,
  options: Parameters<typeof init>[0]['options'] = {},
): Promise<string> {
  const terminal = new TypedTerminal();
  await init({ terminal, options, questions, folder, found, group: 998 });
  return terminal.out.text;
}

const content = (file: string) => readFileSync(join(folder, file), 'utf8');
const COMPOSE = 'docker-compose.portward.yml';

function settings() {
  const env: Record<string, string | undefined> = {};
  loadEnvFile(join(folder, '.env'), env);
  return loadConfig(env);
}

test('a running VPN is enough for an .env that Portward accepts, and a Compose file', async () => {
  const printed = await initialised([gluetun]);
  expect(printed).toMatch(/^Found gluetun: protonvpn, forwards a port, network media_default, publishes 19000-19024$/m);
  expect(printed).toMatch(/portward doctor/);
  const config = settings();
  expect(config.vpns).toMatchObject([
    {
      name: 'gluetun',
      httpPorts: { first: 19_000, last: 19_024 },
      gluetunAuth: { kind: 'api-key', key: "it's # a key" },
    },
  ]);
  expect(config.api.keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
  expect(parse(content(COMPOSE))).toMatchObject({
    services: {
      portward: {
        image: 'portward',
        env_file: '.env',
        group_add: ['998'],
        networks: ['media_default'],
        volumes: ['/var/run/docker.sock:/var/run/docker.sock', 'portward:/data'],
      },
    },
    networks: { media_default: { external: true } },
    volumes: { portward: null },
  });
  for (const secret of [gluetun.key ?? '', config.api.keys[0] ?? '']) {
    expect(printed).not.toContain(secret);
    expect(content(COMPOSE)).not.toContain(secret);
  }
});

test('several VPNs have ranges and keys of their own, and answers are used', async () => {
  const second = { ...gluetun, name: 'gluetun2', published: null, key: null, networks: ['bridge'] };
  const answers = {
    'VPN containers': 'gluetun, gluetun2',
    'control server of gluetun2': 'second',
    'engines of gluetun2': '19200-19210',
  };
  await initialised([gluetun, second, { ...gluetun, name: 'other' }], answering(answers));
  const { vpns } = settings();
  expect(vpns).toMatchObject([
    { name: 'gluetun', httpPorts: { first: 19_000, last: 19_024 } },
    { name: 'gluetun2', httpPorts: { first: 19_200, last: 19_210 }, gluetunAuth: { key: 'second' } },
  ]);
  expect(parse(content(COMPOSE)).services.portward.networks).toEqual(['media_default']);
});

test("for a VPN in Docker's default network, the Compose file joins that network", async () => {
  await initialised([{ ...gluetun, networks: ['bridge'] }]);
  const { services, networks } = parse(content(COMPOSE));
  expect([services.portward.network_mode, services.portward.networks, networks]).toEqual([
    'bridge',
    undefined,
    undefined,
  ]);
});

test('without a VPN it asks for one, and writes nothing without an answer', async () => {
  await expect(initialised([])).rejects.toThrow(/No VPN container runs here: start it/);
  await initialised([], answering({ Name: 'mine' }));
  expect(settings().vpns).toMatchObject([{ name: 'mine', httpPorts: { first: 19_000, last: 19_024 } }]);
});

test('at a terminal an empty answer means the default, and the end of the input ends it', async () => {
  const input = new PassThrough();
  const terminal = new TypedTerminal();
  const { ask, close } = atTerminal(terminal, input);
  const first = ask('One', 'x');
  input.write('\n');
  expect(await first).toBe('x');
  const second = ask('Two', 'y');
  input.write(' z \n');
  expect(await second).toBe('z');
  const never = ask('Three', '');
  input.end();
  await expect(never).rejects.toThrow('Nothing is written');
  expect(terminal.err.text).toMatch(/One \[x\]: .*Two \[y\]: /s);
  close();
});

describe('an existing file', () => {
  beforeEach(() => writeFileSync(join(folder, '.env'), 'MINE=1\n', { mode: 0o644 }));

  test('is kept if nobody is asked, and the exit code says so', async () => {
    expect(await initialised([gluetun])).toMatch(/^Kept +\.env, which existed; --force/m);
    expect(content('.env')).toBe('MINE=1\n');
    expect(process.exitCode).toBe(1);
  });

  test.each([
    ['n', 'MINE=1'],
    ['y', 'GLUETUN_CONTAINER_NAME=gluetun'],
  ])('is overwritten only after a yes: %s', async (answer, text) => {
    await initialised([gluetun], answering({ overwrite: answer }));
    expect(content('.env')).toContain(text);
  });

  test('is overwritten with --force, and others can not read it then', async () => {
    await initialised([gluetun], nobody, { force: true });
    expect(content('.env')).toContain('GLUETUN_CONTAINER_NAME=gluetun');
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
  });
});

test('with --json it says what it wrote, and no secret', async () => {
  const printed = await initialised([gluetun], nobody, { json: true });
  expect(JSON.parse(printed)).toEqual({
    vpns: [{ name: 'gluetun', range: { first: 19_000, last: 19_024 } }],
    networks: ['media_default'],
    files: { '.env': 'written', [COMPOSE]: 'written' },
  });
});

const container = (image: string, env: string[], ports: Record<string, string>): ContainerDetails =>
  ({
    Name: '/vpn',
    Config: { Image: image, Env: env },
    NetworkSettings: {
      Networks: { app_default: {} },
      Ports: Object.fromEntries(
        Object.entries(ports).map(([inside, HostPort]) => [inside, [{ HostIp: '127.0.0.1', HostPort }]]),
      ),
    },
  }) as unknown as ContainerDetails;

describe('a container', () => {
  test('is recognised as a VPN by its image or settings, with its range, key and provider', () => {
    const run = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${19_000 + i}/tcp`, String(19_000 + i)]));
    const env = [
      'VPN_SERVICE_PROVIDER=ProtonVPN',
      'VPN_PORT_FORWARDING=on',
      'HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE={"auth":"apikey","apikey":"k"}',
    ];
    const others = {
      '8000/tcp': '8000',
      '8388/tcp': '8388',
      '8389/tcp': '8389',
      '6881/udp': '6881',
      '7000/tcp': '7001',
    };
    expect(vpnIn(container('qmcgaw/gluetun:v3.41.1', env, { ...others, ...run }))).toEqual({
      name: 'vpn',
      provider: 'protonvpn',
      portForwarding: true,
      networks: ['app_default'],
      published: { first: 19_000, last: 19_004 },
      key: 'k',
    });
    expect(vpnIn(container('me/own', ['VPN_PORT_FORWARDING=off'], { '8000/tcp': '8000' }))).toMatchObject({
      portForwarding: false,
      published: null,
      key: null,
    });
  });

  test.each(['nginx', 'me/gluetun-webui:1'])('of image %s is not a VPN', (image) => {
    expect(vpnIn(container(image, ['PATH=/bin'], {}))).toBeNull();
  });
});
