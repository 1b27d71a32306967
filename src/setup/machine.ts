import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Docker from 'dockerode';
import { codeOf, messageOf } from '../lib/errors';
import { findOnPath } from '../lib/path-search';
import { runCommand } from '../lib/run-command';
import { lastLines, sizeOf } from '../embedded-temporal/server-log';

/** What the setup needs of the computer. Tests replace it by a fake. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly dockerHost: string | undefined;
  /** Whether systemd can start services. */
  readonly hasSystemd: boolean;
  hasProgram(name: string): boolean;
  /** Why Docker does not answer: 'ENOENT', 'EACCES', 'no answer' and so on; undefined if it does. */
  whyNoDocker(): Promise<string | undefined>;
  /** @throws Error with the end of the output */
  run(command: string, args: readonly string[]): Promise<void>;
  /** Starts a program that goes on after this process has ended. */
  startDetached(command: string, args: readonly string[], logFile: string): DetachedProgram;
}

export interface DetachedProgram {
  hasEnded(): boolean;
  lastLines(): string;
}

const PING_WITHIN_MS = 5_000;

export function thisMachine(env: NodeJS.ProcessEnv): Machine {
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    dockerHost: env['DOCKER_HOST'] || undefined,
    hasSystemd: existsSync('/run/systemd/system'),
    hasProgram: (name) => findOnPath(name, env) !== undefined,
    whyNoDocker,
    async run(command, args) {
      await runCommand(command, args, { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } });
    },
    startDetached,
  };
}

async function whyNoDocker(): Promise<string | undefined> {
  try {
    await new Docker({ timeout: PING_WITHIN_MS }).ping();
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ECONNRESET') return 'no answer';
    return code ?? messageOf(error);
  }
}

function startDetached(command: string, args: readonly string[], logFile: string): DetachedProgram {
  mkdirSync(dirname(logFile), { recursive: true });
  const begin = sizeOf(logFile);
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  child.once('exit', end).once('error', end).unref();
  return { hasEnded: () => ended, lastLines: () => lastLines(logFile, begin) };
}
