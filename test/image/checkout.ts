// A checkout of this repository as a new user has it, with stand-ins for what only Docker Hub and the provider of a VPN have.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { NODE, NODE_FLAGS, scriptPath } from '../../simulator/image';
import type { Prerequisites } from './prerequisites';

const ROOT = join(__dirname, '../..');
/** What the image is built from, and what the user gets beside it. */
const CONTENT = ['Dockerfile', '.dockerignore', '.env.example', 'docker-compose.yml', 'LICENSE', 'package.json'];
const FURTHER_CONTENT = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts',
  'src',
  'web',
  'deploy',
];

interface Simulated {
  readonly image: string;
  /** Forwarded port of each VPN, by the name of its service. */
  readonly ports: Readonly<Record<string, number>>;
}

/** The builder leaves a nameless image of each stage before the last. On this base nothing else is built. */
const REMOVE_STAGES = `
first() { docker image inspect --format '{{index .RootFS.Layers 0}}' "$@"; }
for id in $(docker image ls --quiet --filter dangling=true); do
  [ "$(first $id)" != "$(first $1)" ] || docker image rm $id
done`;

export class Checkout {
  /** Of the image, and of everything in Docker. */
  readonly name: string;

  private constructor(
    private readonly folder: string,
    private readonly docker: string,
    private readonly baseImage: string,
  ) {
    this.name = basename(folder).toLowerCase();
  }

  static async make(given: Prerequisites, simulated: Simulated): Promise<Checkout> {
    const folder = await mkdtemp(join(tmpdir(), 'portward-checkout-'));
    const docker = await mkdtemp(join(tmpdir(), 'portward-docker-'));
    const made = new Checkout(folder, docker, given.baseImage);
    for (const name of [...CONTENT, ...FURTHER_CONTENT])
      await cp(join(ROOT, name), join(folder, name), { recursive: true });
    await cp(given.cliArchive.path, join(folder, basename(given.cliArchive.path)));
    await writeFile(join(folder, 'docker-compose.override.yml'), made.standIns(given, simulated));
    await mkdir(join(docker, 'cli-plugins'));
    await symlink(given.compose, join(docker, 'cli-plugins', 'docker-compose'));
    return made;
  }

  /** As typed in a terminal there; resolves with what it has printed. */
  shell(line: string): Promise<string> {
    // Nothing of the caller's shell but what Docker's CLI needs: Compose would take it for what is in .env.
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, DOCKER_CONFIG: this.docker, DOCKER_BUILDKIT: '0' };
    return new Promise((resolve, reject) => {
      execFile('bash', ['-c', line], { cwd: this.folder, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${line}: ${error.message}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`));
        else resolve(stdout);
      });
    });
  }

  /** Takes the place of lines in .env, as a user fills it in. */
  async fillIn(values: Readonly<Record<string, string>>): Promise<void> {
    const file = join(this.folder, '.env');
    let text = await readFile(file, 'utf8');
    for (const [name, value] of Object.entries(values)) {
      const line = new RegExp(`^#?${name}=.*$`, 'm');
      if (!line.test(text)) throw new Error(`expected ${name} in .env.example, found none`);
      text = text.replace(line, `${name}=${value}`);
    }
    await writeFile(file, text);
  }

  /** All that Compose has made, the image with the stages that it was built in, and the folders. */
  async dispose(): Promise<void> {
    await this.shell('docker compose --profile "*" down --volumes --timeout 5').catch(() => '');
    await this.shell(`docker image rm --force ${this.name}`).catch(() => '');
    await this.shell(REMOVE_STAGES.replace('$1', this.baseImage)).catch(() => '');
    for (const folder of [this.folder, this.docker]) await rm(folder, { recursive: true, force: true });
  }

  private standIns({ baseImage, cliArchive }: Prerequisites, { image, ports }: Simulated): string {
    const health = ['CMD', NODE, ...NODE_FLAGS, scriptPath('vpn/health.js')];
    const vpn = (name: string, port: number) => ({
      image,
      pull_policy: 'never',
      entrypoint: [NODE, ...NODE_FLAGS, scriptPath('vpn/main.js')],
      healthcheck: { test: health, interval: '1s', timeout: '10s', retries: 1, start_period: '600s' },
      environment: {
        FORWARDED_PORT: String(port),
        // The only program in the simulated image is Node.js.
        VPN_PORT_FORWARDING_UP_COMMAND: '',
        UP_HOOK_URL: `http://portward:8000/vpns/${name}/recheck`,
      },
    });
    const args = { NODE_IMAGE: baseImage, TEMPORAL_CLI_SHA256: cliArchive.sha256 };
    const services = {
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, vpn(name, port)])),
      // The host's network, as containers may have no way to a registry.
      portward: { image: this.name, build: { context: '.', network: 'host', args } },
    };
    // A machine without a real tunnel may lack the device; `!reset` is Compose's own.
    const text = stringify({ name: this.name, services });
    return Object.keys(ports).reduce(
      (all, name) => all.replace(`  ${name}:\n`, `  ${name}:\n    devices: !reset []\n`),
      text,
    );
  }
}
