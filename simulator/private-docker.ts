// A second Docker Engine that tests may stop and kill, while the machine's own serves everybody else.
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
  /** Docker's setting of that name: containers run on while dockerd is stopped. Default off, as users have it. */
  readonly liveRestore?: boolean;
}

const PROGRAMS = ['dockerd', 'containerd', 'runc', 'unshare', 'mount', 'umount', 'ip'];
const START_LIMIT_MS = 60_000;
const PING_LIMIT_MS = 2_000;
const STOP_LIMIT_S = 30;
const LOG_LINES = 15;
const CONFIG = 'daemon.json';

/** Why there can be no private Docker here; null when there can. */
export async function whyNoPrivateDocker(): Promise<string | null> {
  return privateDockerObstacle();
}

/** The same at once, for those who can't wait: which tests there are is settled when their file is loaded. */
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

/** Resolves when it answers. What runs on behalf of it ends with this process, however that ends. */
export async function startPrivateDocker(options: PrivateDockerOptions = {}): Promise<PrivateDocker> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'portward-docker-')));
  // The machine's own settings are not this one's.
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
  /** The network that its containers have to be given: it has no default one. The host reaches their addresses. */
  readonly network = 'private';
  /** Its network's device on this host. */
  readonly bridge = `pwd-${randomBytes(4).toString('hex')}`;
  /** From the next start on. */
  liveRestore: boolean;
  private readonly shell: NamespaceShell;

  /** Not yet running: see startPrivateDocker. */
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

  /** Resolves when dockerd answers, with the containers it had. */
  async start(): Promise<void> {
    // Its own /run, so that it meets neither the machine's containerd nor the sockets of its containers.
    await this.shell.run('[ -d /run/portward ] || { mount -t tmpfs tmpfs /run && mkdir -p /run/portward /run/lock; }');
    // With `--bridge=none` dockerd would delete docker0, which is the machine's own engine's.
    await this.shell.run(
      `ip link add ${this.bridge}d type bridge && ip addr add ${this.defaultAddress}/24 dev ${this.bridge}d && ip link set ${this.bridge}d up`,
    );
    // The number in a file that a killed one left may be another process's by now.
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

  /** SIGTERM. Without live restore its containers end, too; those with a restart policy come back at the next start. */
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
    // A process that has ended and was not waited for is still in the list, as a zombie.
    const state = await this.shell.run('cat /proc/$pid/stat 2>/dev/null');
    return state !== '' && !/\) [ZX] /.test(state);
  }

  /** Leaves no process, no container, no network, no folder. */
  async dispose(): Promise<void> {
    try {
      await this.removeAll();
    } catch {
      // Without a dockerd that answers: what the shell does at its end is enough where there is an `ip` program.
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

  /** The network's bridge is the host's: nobody but dockerd takes it away for certain. */
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

  /** Of the default bridge, which no container uses. */
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
      // Its containers talk to the host only, for which no rule is needed. None is made, so none can be left.
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

  /** Done by the shell when it is closed or nobody is there any more. */
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

/** One that no address of this host is in. */
function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address));
  for (;;) {
    const [second = 0, third = 0] = randomBytes(2);
    const subnet = `10.${second}.${third}`;
    if (!taken.some((address) => address?.startsWith(`10.${second}.`))) return subnet;
  }
}
