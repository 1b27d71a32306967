// A new user's first steps, as the README tells them: the image is built, and docker-compose.yml brought up.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { engineImage, removeEngineImages } from '../../simulator/engine-image';
import { ensureSimulatorImage, NODE } from '../../simulator/image';
import type { EngineJson } from '../../src/api/schemas/engines';
import { until } from '../simulator/until';
import { ADMIN_PORT } from '../../simulator/vpn/messages';
import { testUnless } from '../test-unless';
import { Checkout } from './checkout';
import { prerequisites, whyNoImageTest } from './prerequisites';

const KEY = 'a-key-of-good-length';
const PORTS = { gluetun: 40_001, gluetun2: 40_002 };
const WIREGUARD_KEY = 'the-wireguard-key-of-the-first-vpn';
/** That docker-compose.yml publishes. */
const PUBLISHED = [8000, ...[19_000, 19_100].flatMap((first) => Array.from({ length: 25 }, (_, i) => first + i))];
/** The base image, its stand-in, has 219 of them. */
const IMAGE_MB_AT_MOST = 550;
const SET_UP_WITHIN_MS = 40 * 60_000;
const UP_WITHIN_MS = 10 * 60_000;

const reason = whyNoImageTest(PUBLISHED, Object.keys(PORTS));
const check = testUnless(reason);
const docker = new Docker();
let checkout: Checkout | undefined;
let instance = '';

beforeAll(async () => {
  if (reason !== null) return;
  const image = await ensureSimulatorImage(docker);
  checkout = await Checkout.make(await prerequisites(), { image, ports: PORTS });
  instance = checkout.name.slice(0, 32);
}, SET_UP_WITHIN_MS);

afterAll(async () => {
  if (checkout === undefined) return;
  await checkout.shell(ENGINES_REMOVED.replace('default', instance)).catch(() => '');
  await checkout.dispose();
  await removeEngineImages(docker, instance);
});

/** As docs/guides/update-and-remove.md has it. */
const ENGINES_REMOVED = 'docker rm -f $(docker ps -aq --filter label=portward.instance=default)';

/** The commands under that heading of docs/getting-started.md. */
function commandsOf(heading: string): string[] {
  const firstSteps = readFileSync(join(__dirname, '../../docs/getting-started.md'), 'utf8');
  const [, section = ''] = firstSteps.split(`## ${heading}\n`);
  const [, block = ''] = /```sh\n([^]*?)```/.exec(section) ?? [];
  return block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function shell(line: string): Promise<string> {
  if (checkout === undefined) throw new Error('expected a checkout, found none');
  return checkout.shell(line);
}

/** While a container starts, Docker takes connections that nobody answers. */
function ask(path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:8000${path}`, { signal: AbortSignal.timeout(5_000) });
}

/** None as long as there is no list. */
async function engines(): Promise<EngineJson[]> {
  const answer = await ask('/engines').catch(() => null);
  return answer?.status === 200 ? ((await answer.json()) as EngineJson[]) : [];
}

/** What the address answers to a program in the first VPN's network, as an engine is: a status, or why there is none. */
async function fromVpn(url: string, headers: Record<string, string> = {}): Promise<string> {
  const program = `fetch(${JSON.stringify(url)}, { headers: ${JSON.stringify(headers)} })
    .then((answer) => answer.status, (error) => error.cause?.code ?? error.message)
    .then((outcome) => process.stdout.write(String(outcome)))`;
  const Cmd = [NODE, '-e', program];
  const exec = await docker.getContainer('gluetun').exec({ Cmd, AttachStdout: true, Tty: true });
  return (await text(await exec.start({ Tty: true }))).trim();
}

check(
  'the first steps of a new installation build the image, and bring up the VPNs and their engines',
  async () => {
    const commands = commandsOf('A new installation, VPN and all');
    expect(commands).toEqual([
      'cp .env.example .env',
      expect.stringContaining('sed -i "s/^DOCKER_GID='),
      'docker compose up -d --build',
      'docker compose logs -f portward',
      'docker compose exec portward portward status',
    ]);
    const [copied = '', group = '', up = '', logs = '', status = ''] = commands;
    await shell(copied);
    await shell(group);
    await checkout?.fillIn({
      API_KEY: KEY,
      GLUETUN_API_KEY: 'the-key-of-the-control-servers',
      WIREGUARD_PRIVATE_KEY: WIREGUARD_KEY,
      VPN_MODE: 'redundant',
      COMPOSE_PROFILES: 'redundant',
      PORTWARD_INSTANCE: instance,
      ENGINE_IMAGE: await engineImage(docker, {}, instance),
      PULL_POLICY: 'never',
    });
    await shell(up);
    await until(
      'a forwarded engine of each VPN',
      async () => {
        const listed = await engines();
        return Object.values(PORTS).every((port) => listed.some((e) => e.forwarded && e.p2p_port === port));
      },
      120_000,
    );
    expect(await shell(status)).toMatch(/gluetun[^]*40001[^]*gluetun2[^]*40002/);
    expect(await shell(logs.replace(' -f', ''))).toMatch(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: API: http:/);
  },
  UP_WITHIN_MS,
);

check('the image has what runs on its platform only, and is under 550 MB', async () => {
  const { Size } = await docker.getImage(checkout?.name ?? '').inspect();
  expect(Size / 1e6).toBeLessThan(IMAGE_MB_AT_MOST);
  const libraries = await shell('docker compose exec portward ls node_modules/@temporalio/core-bridge/releases');
  expect(libraries.trim()).toBe('x86_64-unknown-linux-gnu');
});

check('the image serves the page with its files, compressed and to be kept', async () => {
  const page = await ask('/');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const html = await page.text();
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  expect(files).toEqual(expect.arrayContaining([expect.stringMatching(/\.js$/), expect.stringMatching(/\.css$/)]));
  for (const path of files) {
    const file = await ask(path);
    expect([path, file.status, file.headers.get('content-encoding')]).toEqual([path, 200, expect.any(String)]);
    expect(file.headers.get('cache-control')).toContain('immutable');
    expect((await file.text()).length).toBeGreaterThan(0);
  }
  expect(await (await ask('/panel')).text()).toBe(html);
});

check('in the container the doctor finds nothing wrong, and knows where it is', async () => {
  const { wrong, checks } = JSON.parse(await shell('docker compose exec -T portward portward doctor --json')) as {
    wrong: number;
    checks: { id: string; verdict: string; found: string }[];
  };
  expect([wrong, checks.filter(({ verdict }) => verdict === 'wrong')]).toEqual([0, []]);
  const found = (id: string) =>
    checks.filter((c) => c.id === id).map(({ verdict, found: what }) => `${verdict}: ${what}`);
  expect(found('docker.reachable')).toEqual([expect.stringMatching(/^ok: release .* at unix:/)]);
  expect(found('portward.running')).toEqual([expect.stringMatching(/^ok: .*2 of 2 VPNs forwarding/)]);
});

check("Portward's container has its own part of .env, and not the key of a VPN", async () => {
  const id = (await shell('docker compose ps --quiet portward')).trim();
  const { Config } = await docker.getContainer(id).inspect();
  expect(Config.Env).toContain(`API_KEY=${KEY}`);
  expect(JSON.stringify(Config)).not.toContain(WIREGUARD_KEY);
  const vpn = await docker.getContainer('gluetun').inspect();
  expect(vpn.Config.Env).toContain(`WIREGUARD_PRIVATE_KEY=${WIREGUARD_KEY}`);
});

check("the VPN's up-command is heard: a new port has its engine", async () => {
  const { NetworkSettings } = await docker.getContainer('gluetun').inspect();
  const [network] = Object.values(NetworkSettings.Networks);
  const answer = await fetch(`http://${network?.IPAddress}:${ADMIN_PORT}/port`, {
    method: 'PUT',
    body: JSON.stringify({ port: 40_003 }),
  });
  expect(answer.status).toBe(200);
  await until('the engine of the new port', async () =>
    (await engines()).some((e) => e.forwarded && e.p2p_port === 40_003),
  );
});

check('the Temporal UI is shown at the address that the docs name to whoever gives the key', async () => {
  const ui = 'http://127.0.0.1:8000/temporal';
  const asked = await fetch(ui, { headers: { accept: 'text/html' } });
  expect([asked.status, await asked.text()]).toEqual([401, expect.stringContaining('<form method="post"')]);
  const cookie = await signedIn();
  const shown = await fetch(ui, { headers: { accept: 'text/html', cookie } });
  expect([shown.status, await shown.text()]).toEqual([200, expect.stringContaining('base: "/temporal"')]);
  const workflows = await fetch(`${ui}/api/v1/namespaces/default/workflows`, { headers: { cookie } });
  expect(await workflows.text()).toContain(`vpn/${instance}/gluetun`);
});

async function signedIn(): Promise<string> {
  const body = new URLSearchParams({ key: KEY, to: '/temporal' });
  const answer = await fetch('http://127.0.0.1:8000/session', { method: 'POST', body, redirect: 'manual' });
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

check(
  "from a VPN's network neither Temporal nor its UI is reached, and the UI that the API shows is not usable",
  async () => {
    expect(await fromVpn('http://portward:8000/health/live')).toBe('200');
    for (const port of [7233, 8233]) expect(await fromVpn(`http://portward:${port}/`)).toBe('ECONNREFUSED');
    const shown = 'http://portward:8000/temporal/api/v1/namespaces';
    expect(await fromVpn(shown)).toBe('401');
    expect(await fromVpn(shown, { cookie: await signedIn() })).toBe('401');
  },
);

check('without a key the host sees the UI, by the published port, and a VPN does not', async () => {
  await checkout?.fillIn({ API_KEY: '' });
  await shell('docker compose up -d portward');
  const shown = '/temporal/api/v1/namespaces';
  await until('the UI', async () => (await ask(shown).catch(() => null))?.status === 200);
  expect(await fromVpn(`http://portward:8000${shown}`)).toBe('403');
});

check('what update-and-remove.md says removes it all, and the engines of this Portward alone', async () => {
  const guide = readFileSync(join(__dirname, '../../docs/guides/update-and-remove.md'), 'utf8');
  expect(guide).toContain(`docker compose down --volumes\n`);
  expect(guide).toContain(ENGINES_REMOVED);
  await shell('docker compose down --volumes');
  await shell(ENGINES_REMOVED.replace('default', instance));
  expect(await shell(`docker ps -aq --filter label=com.docker.compose.project=${checkout?.name}`)).toBe('');
  expect(await shell(`docker ps -aq --filter label=portward.instance=${instance}`)).toBe('');
});
