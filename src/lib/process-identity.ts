import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { codeOf } from './errors';

/** A pid alone is not enough: after a crash or a reboot it may belong to another program. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in whatever form the system tells; absent where it cannot be read. */
  readonly started?: string | undefined;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

export function isAlive({ pid, started }: ProcessIdentity): boolean {
  return isRunning(pid) && (started === undefined || started === startOf(pid));
}

/**
 * A zombie does not run: in a container its parent may never collect it. One with other threads still ends: those keep its ports until they
 * have ended.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, but another user's.
    return codeOf(error) === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  const stat = linuxStat(pid);
  return stat?.state !== 'Z' || Number(stat.threads) > 1;
}

/** Arguments as one string a process; undefined where there is no such process, or no way to read them. */
export function commandLine(pid: number): string | undefined {
  if (process.platform === 'linux') return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ');
  return ps(pid, 'command=');
}

function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const ticks = linuxStat(pid)?.startTicks;
  // Ticks count from boot, and a machine that boots the same way gives the same pid at the same tick.
  return ticks === undefined ? undefined : `${read('/proc/sys/kernel/random/boot_id')?.trim()}/${ticks}`;
}

function linuxStat(pid: number): Record<'state' | 'threads' | 'startTicks', string | undefined> | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets and may itself contain blanks and brackets.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : { state: fields[0], threads: fields[17], startTicks: fields[19] };
}

function ps(pid: number, column: string): string | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const said = execFileSync('ps', ['-ww', '-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said.trim() || undefined;
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
