import { DockerEngineError, ensureDockerEngine } from '../../src/setup/docker-engine';
import type { Machine } from '../../src/setup/machine';

/** A fake Debian with root and without Docker; `differs` changes that. */
class PretendedMachine implements Machine {
  platform: NodeJS.Platform = 'linux';
  isRoot = true;
  dockerHost: string | undefined;
  hasSystemd = false;
  reason: string | undefined = 'ENOENT';
  programs = new Set(['apt-get']);
  /** How many questions fail after its start before Docker answers. */
  answersAfter = 2;
  endsWith: string | undefined;
  failing: string | undefined;
  readonly did: string[] = [];

  constructor(differs: Partial<PretendedMachine> = {}) {
    Object.assign(this, differs);
  }

  hasProgram(name: string): boolean {
    return this.programs.has(name);
  }

  whyNoDocker(): Promise<string | undefined> {
    if (this.did.some((command) => command.includes('start docker') || command === 'dockerd')) {
      this.answersAfter -= 1;
      if (this.answersAfter < 0 && this.endsWith === undefined) this.reason = undefined;
    }
    return Promise.resolve(this.reason);
  }

  run(command: string, args: readonly string[]): Promise<void> {
    const said = [command, ...args].join(' ');
    const isFirst = !this.did.includes(said);
    this.did.push(said);
    if (this.failing === said && isFirst) return Promise.reject(new Error('Unable to locate package docker.io'));
    return Promise.resolve();
  }

  startDetached(command: string) {
    this.did.push(command);
    return { hasEnded: () => this.endsWith !== undefined, lastLines: () => this.endsWith ?? '' };
  }
}

const INSTALL = 'apt-get install -y --no-install-recommends docker.io containerd runc iptables';

const messages: string[] = [];
const note = (message: string): void => {
  messages.push(message);
};

beforeEach(() => {
  messages.length = 0;
});

test('an engine that answers is used, without a log line', async () => {
  const machine = new PretendedMachine({ reason: undefined });
  await ensure(machine);
  expect(machine.did).toEqual([]);
  expect(messages).toEqual([]);
});

test('for root on Debian an engine is installed, and started without systemd', async () => {
  const machine = new PretendedMachine();
  await ensure(machine);
  expect(machine.did).toEqual([INSTALL, 'dockerd']);
  expect(messages[0]).toContain('about 10–30 s');
});

test('package lists are fetched only if the installation fails without them', async () => {
  const machine = new PretendedMachine({ failing: INSTALL });
  await ensure(machine);
  expect(machine.did).toEqual([INSTALL, 'apt-get update', INSTALL, 'dockerd']);
});

test('an installed engine is only started, by systemd if that runs', async () => {
  const machine = new PretendedMachine({ programs: new Set(['dockerd', 'apt-get']), hasSystemd: true });
  await ensure(machine);
  expect(machine.did).toEqual(['systemctl start docker']);
});

test('a dockerd that ends at once is reported with the end of its log', async () => {
  const machine = new PretendedMachine({ endsWith: 'failed to mount cgroup' });
  await expect(ensure(machine)).rejects.toThrow(/dockerd ended while it was starting[\s\S]*failed to mount cgroup/);
});

test('a dockerd that never answers is reported', async () => {
  const machine = new PretendedMachine({ answersAfter: Number.POSITIVE_INFINITY });
  await expect(ensure(machine, 1)).rejects.toThrow('did not answer within');
});

test.each<[string, Partial<PretendedMachine>, string]>([
  ['an ordinary user without Docker', { isRoot: false }, 'sudo apt-get install docker.io'],
  [
    'an ordinary user whose Docker is stopped',
    { isRoot: false, programs: new Set(['dockerd']) },
    'systemctl start docker',
  ],
  ['a user outside the docker group', { isRoot: false, reason: 'EACCES' }, 'usermod -aG docker'],
  ['a Mac', { platform: 'darwin', isRoot: false }, 'Docker Desktop'],
  ['root on another Linux', { programs: new Set() }, 'docs.docker.com'],
  ['a DOCKER_HOST that does not answer', { dockerHost: 'tcp://nas:2375' }, 'DOCKER_HOST is tcp://nas:2375'],
])('%s is told what to do, and nothing is changed', async (_who, differs, advice) => {
  const machine = new PretendedMachine(differs);
  const failure = await ensure(machine).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DockerEngineError);
  expect(String(failure)).toContain(advice);
  expect(machine.did).toEqual([]);
});

function ensure(machine: Machine, answerWithinMs?: number): Promise<void> {
  const log = { info: note, warn: note };
  return ensureDockerEngine({
    machine,
    logDir: 'unused',
    log,
    ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
  });
}
