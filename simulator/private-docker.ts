// A second Docker Engine, which tests may stop and kill without disturbing the machine's own.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { findOnPath } from '../src/lib/path-search';
import { NAMESPACES, NamespaceShell } from './namespace-shell';
import { removeContainer } from './remove-container';
import { messageOf } from '../src/lib/errors';

export interface PrivateDockerOptions {
  /** Docker's setting `live-restore`: containers run on while dockerd is stopped. Default off, as in Docker. */
  readonly liveRestore?: boolean;
}

const PROGRAMS = ['dockerd', 'containerd', 'runc', 'unshare', 'mount', 'umount', 'ip'];
const START_LIMIT_MS = 60_000;
const PING_LIMIT_MS = 2_000;
const STOP_LIMIT_S = 30;
const LOG_LINES = 15;
const CONFIG = 'daemon.json';

/** Why this machine can't run a private Docker; null: it can. */
export async function whyNoPrivateDocker(): Promise<string | null> {
  return privateDockerObstacle();
}

/** The same without a promise: test files have to know it while they are loaded. */
export function privateDockerObstacle(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'this is not root';
  const missing = PROGRAMS.filter((program) => findOnPath(program, process.env) === undefined);
  if (missing.length > 0) return `there is no ${missing.join(', no ')} on PATH`;
  try {
    execFileSync('unshare', [...NAMESPACES, 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `namespaces and mounts are not allowed here: ${messageOf(error)}`;
  }
}

/** Resolves when the Docker Engine answers. All its processes end with this process, however that ends. */
export async function startPrivateDocker(options: PrivateDockerOptions = {}): Promise<PrivateDocker> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'portward-docker-')));
  // An empty configuration, so that dockerd does not read the machine's.
  await writeFile(join(folder, CONFIG), '{}');
  const docker = new PrivateDocker(folder, freeSubnet(), options);
  try {
    await docker.start();
    await docker.createNetwork();
  } catch (error) {
    await docker.dispose();
    throw error;
  }
  return docker;
}

export class PrivateDocker {
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  readonly docker: Docker;
  /** The network that its containers need, because it has no default network. The host reaches their addresses. */
  readonly network = 'private';
  /** Its network's device on this host. */
  readonly bridge = `pwd-${randomBytes(4).toString('hex')}`;
  /** A change takes effect at the next start. */
  liveRestore: boolean;
  private readonly shell: NamespaceShell;

  /** Does not start dockerd: see startPrivateDocker. */
  constructor(
    readonly folder: string,
    /** The first three numbers, as in `10.99.7`. */
    private readonly subnet: string,
    { liveRestore = false }: PrivateDockerOptions,
  ) {
    this.liveRestore = liveRestore;
    this.dockerHost = `unix://${this.socket}`;
    this.docker = new Docker({ socketPath: this.socket });
    this.shell = new NamespaceShell(this.cleaning());
  }

  /** Starts dockerd, also again after `stop` or `kill`; resolves when it answers. Containers from before are still there. */
  async start(): Promise<void> {
    // A /run of its own, so that it uses neither the machine's containerd nor its containers' sockets.
    await this.shell.run('[ -d /run/portward ] || { mount -t tmpfs tmpfs /run && mkdir -p /run/portward /run/lock; }');
    // A bridge of its own: with `--bridge=none` dockerd would delete docker0, which belongs to the machine's own Docker.
    await this.shell.run(
      `ip link add ${this.bridge}d type bridge && ip addr add ${this.defaultAddress}/24 dev ${this.bridge}d && ip link set ${this.bridge}d up`,
    );
    // Remove the pid file of a killed dockerd: its number may belong to another process now.
    await this.shell.run(`rm -f ${this.folder}/pid; ${this.command()} >>${this.log} 2>&1 & pid=$!`);
    const deadline = Date.now() + START_LIMIT_MS;
    for (;;) {
      const reason = await this.whyNoAnswer();
      if (reason === null) return;
      if (Date.now() > deadline || !(await this.isRunning())) {
        throw new Error(`the private dockerd does not answer (${reason}). It wrote last:\n${await this.lastLines()}`);
      }
      await sleep(50);
    }
  }

  /** SIGTERM. Without live-restore its containers end too; those with a restart policy start again at the next start. */
  async stop(): Promise<void> {
    await this.shell.run(
      `kill $pid; { sleep ${STOP_LIMIT_S}; kill -KILL $pid; } 2>/dev/null & guard=$!; wait $pid; kill $guard`,
    );
  }

  /** SIGKILL. Its containers run on. */
  async kill(): Promise<void> {
    await this.shell.run('kill -KILL $pid; wait $pid');
  }

  async isRunning(): Promise<boolean> {
    // A process that has ended but was not waited for is still listed, as a zombie.
    const state = await this.shell.run('cat /proc/$pid/stat 2>/dev/null');
    return state !== '' && !/\) [ZX] /.test(state);
  }

  /** Leaves no process, no container, no network, no folder. */
  async dispose(): Promise<void> {
    try {
      await this.removeAll();
    } catch {
      // dockerd does not answer: the commands at the end of the shell remove what is left.
    }
    await this.shell.close();
  }

  async createNetwork(): Promise<void> {
    await this.docker.createNetwork({
      Name: this.network,
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: `${this.subnet}.0/24`, Gateway: this.gateway }] },
      Options: { 'com.docker.network.bridge.name': this.bridge },
    });
  }

  /** Removes containers and networks through dockerd: a network's bridge is a device of the host, and only dockerd surely removes it. */
  private async removeAll(): Promise<void> {
    if (!(await this.isRunning())) await this.start();
    const containers = await this.docker.listContainers({ all: true });
    await Promise.all(containers.map(({ Id }) => removeContainer(this.docker, Id)));
    const networks = await this.docker.listNetworks({ filters: { driver: ['bridge'] } });
    await Promise.all(networks.map(({ Id }) => this.docker.getNetwork(Id).remove()));
    await this.stop();
  }

  private get socket(): string {
    return join(this.folder, 'docker.sock');
  }

  private get log(): string {
    return join(this.folder, 'dockerd.log');
  }

  private get gateway(): string {
    return `${this.subnet}.1`;
  }

  /** The address of the default bridge, which no container uses. */
  private get defaultAddress(): string {
    const [first, second, third] = this.subnet.split('.');
    return `${first}.${second}.${Number(third) ^ 1}.1`;
  }

  private get cgroup(): string {
    return `portward-${this.bridge}`;
  }

  private command(): string {
    const { folder } = this;
    const flags = [
      `--host=${this.dockerHost}`,
      `--data-root=${folder}/data`,
      `--exec-root=${folder}/exec`,
      `--pidfile=${folder}/pid`,
      `--config-file=${join(folder, CONFIG)}`,
      `--bridge=${this.bridge}d`,
      `--host-gateway-ip=${this.gateway}`,
      // Its containers talk only to the host, which needs no firewall rule. So dockerd makes none, and none can be left.
      '--iptables=false',
      '--ip6tables=false',
      '--ip-masq=false',
      '--ip-forward=false',
      '--userland-proxy=false',
      `--cgroup-parent=/${this.cgroup}`,
      '--exec-opt=native.cgroupdriver=cgroupfs',
      ...(this.liveRestore ? ['--live-restore'] : []),
    ];
    return `dockerd ${flags.join(' ')}`;
  }

  /** The commands that the shell runs when it is closed or this process has ended. */
  private cleaning(): string {
    const { folder, cgroup } = this;
    return [
      'kill -KILL -1',
      'wait',
      `targets=$(while read -r _ target _; do case $target in ${folder}/*) echo "$target";; esac; done </proc/mounts)`,
      'for target in $targets; do umount -l "$target"; done',
      `rm -rf ${folder}`,
      // cgroup v1 has a hierarchy for each controller, v2 a single one.
      `for group in /sys/fs/cgroup/${cgroup} /sys/fs/cgroup/*/${cgroup}; do`,
      '  rmdir "$group"/*/ "$group"',
      'done',
      `ip link delete ${this.bridge}`,
      `ip link delete ${this.bridge}d`,
    ].join('\n');
  }

  private async whyNoAnswer(): Promise<string | null> {
    try {
      await new Docker({ socketPath: this.socket, timeout: PING_LIMIT_MS }).ping();
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  private async lastLines(): Promise<string> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  }
}

/** A subnet without any address of this host. */
function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address));
  for (;;) {
    const [second = 0, third = 0] = randomBytes(2);
    const subnet = `10.${second}.${third}`;
    if (!taken.some((address) => address?.startsWith(`10.${second}.`))) return subnet;
  }
}
