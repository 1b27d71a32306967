import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { codeOf } from './errors';

/** Identifies a process. A pid alone does not: after a crash or a reboot it may belong to another program. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the system's own format; absent if that can't be read. */
  readonly started?: string | undefined;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

export function isAlive({ pid, started }: ProcessIdentity): boolean {
  return isRunning(pid) && (started === undefined || started === startOf(pid));
}

/**
 * Whether the process runs. A zombie does not, and in a container its parent may never collect it. But a zombie with
 * other threads is still ending: they hold its ports until they have ended.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return codeOf(error) === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  const stat = linuxStat(pid);
  return stat?.state !== 'Z' || Number(stat.threads) > 1;
}

/**
 * The command line, with blanks between arguments; undefined if there is no such process, or the system has no way to
 * read it.
 */
export function commandLine(pid: number): string | undefined {
  if (process.platform === 'linux') return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ');
  return ps(pid, 'command=');
}

function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const ticks = linuxStat(pid)?.startTicks;
  // Ticks count from boot, and a machine that boots the same way may give the same pid at the same tick.
  return ticks === undefined ? undefined : `${read('/proc/sys/kernel/random/boot_id')?.trim()}/${ticks}`;
}

function linuxStat(pid: number): Record<'state' | 'threads' | 'startTicks', string | undefined> | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses, and may itself contain blanks and parentheses.
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
