import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../embedded-temporal/log';
import type { DetachedProgram, Machine } from './machine';
import { messageOf } from '../lib/errors';

export interface DockerEngineOptions {
  readonly machine: Machine;
  /** Folder for the log of an engine that is started without systemd. */
  readonly logDir: string;
  readonly log: Log;
  readonly answerWithinMs?: number;
}

export class DockerEngineError extends Error {
  override readonly name = 'DockerEngineError';
}

const PACKAGES = ['docker.io', 'containerd', 'runc', 'iptables'];
const ASK_AGAIN_MS = 200;

/**
 * Makes sure that a Docker Engine answers. It installs or starts one only as root on a Debian-like Linux, and else
 * says what to do.
 * @throws DockerEngineError
 */
export async function ensureDockerEngine(options: DockerEngineOptions): Promise<void> {
  const { machine, log } = options;
  const reason = await machine.whyNoDocker();
  if (reason === undefined) return;

  const advice = adviceFor(machine, reason);
  if (advice !== undefined) throw new DockerEngineError(advice);

  if (!machine.hasProgram('dockerd')) {
    log.info('Docker Engine: installing with apt-get (about 10–30 s)');
    await install(machine);
    // With an init system the package starts the service itself.
    if ((await machine.whyNoDocker()) === undefined) return;
  }
  await start(options);
}

/** What the user has to do; undefined if the setup may install or start Docker itself. */
function adviceFor(machine: Machine, reason: string): string | undefined {
  const found = `Docker does not answer (${reason}).`;
  if (machine.dockerHost !== undefined) {
    return `${found} DOCKER_HOST is ${machine.dockerHost}: start that engine, or correct or unset DOCKER_HOST.`;
  }
  if (machine.platform !== 'linux') {
    return `${found} Install and start Docker Desktop, or set DOCKER_HOST to an engine that runs elsewhere.`;
  }
  if (reason === 'EACCES') {
    return `${found} It runs, but you may not use it. Join its group: sudo usermod -aG docker "$USER", then log in again.`;
  }
  if (!machine.isRoot) {
    return machine.hasProgram('dockerd')
      ? `${found} It is installed; start it: sudo systemctl start docker`
      : `${found} Install it: ${installCommand(machine)}, then sudo usermod -aG docker "$USER" and log in again.`;
  }
  if (!machine.hasProgram('dockerd') && !machine.hasProgram('apt-get')) {
    return `${found} Install Docker Engine (https://docs.docker.com/engine/install/) and start it.`;
  }
  return undefined;
}

function installCommand(machine: Machine): string {
  return machine.hasProgram('apt-get')
    ? `sudo apt-get install ${PACKAGES.join(' ')}`
    : 'https://docs.docker.com/engine/install/';
}

async function install(machine: Machine): Promise<void> {
  const args = ['install', '-y', '--no-install-recommends', ...PACKAGES];
  try {
    await machine.run('apt-get', args);
  } catch {
    // Package lists may be old, or missing as in a fresh image.
    try {
      await machine.run('apt-get', ['update']);
      await machine.run('apt-get', args);
    } catch (error) {
      throw new DockerEngineError(`Docker Engine could not be installed. ${messageOf(error)}`, { cause: error });
    }
  }
}

async function start({ machine, logDir, log, answerWithinMs = 60_000 }: DockerEngineOptions): Promise<void> {
  log.info('Docker Engine: starting (a few seconds)');
  const logFile = join(logDir, 'dockerd.log');
  let byHand: DetachedProgram | undefined;
  if (machine.hasSystemd) {
    await machine.run('systemctl', ['start', 'docker']).catch((error: unknown) => {
      throw new DockerEngineError(`Docker Engine could not be started. ${messageOf(error)}`, { cause: error });
    });
  } else {
    byHand = machine.startDetached('dockerd', [], logFile);
  }

  const deadline = performance.now() + answerWithinMs;
  let reason = await machine.whyNoDocker();
  while (reason !== undefined) {
    const lines = byHand?.lastLines() ?? 'See: journalctl -u docker';
    // If another dockerd is just starting, this one ends, and the other one will answer soon.
    const isOurs = !lines.includes('is still running');
    if (byHand?.hasEnded() && isOurs) {
      throw new DockerEngineError(`dockerd ended while it was starting. The end of ${logFile}:\n${lines}`);
    }
    if (performance.now() > deadline) {
      const where = byHand === undefined ? '' : ` The end of ${logFile}:`;
      throw new DockerEngineError(
        `Docker Engine did not answer within ${answerWithinMs / 1000} s (${reason}).${where}\n${lines}`,
      );
    }
    await sleep(ASK_AGAIN_MS);
    reason = await machine.whyNoDocker();
  }
}
