import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './errors';
import { identify, isAlive, type ProcessIdentity } from './process-identity';

const ASK_AGAIN_MS = 50;
/** A holder creates the file and then writes its identity into it. It needs less than this in between. */
const UNNAMED_FOR_MS = 2_000;

export interface FileLockOptions {
  readonly path: string;
  /** What the holder is doing, for the error of a process that waits too long: 'starting the Temporal server'. */
  readonly doing: string;
  readonly patienceMs: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called at most once, with the process that holds the lock. */
  readonly onWait?: (holder: number) => void;
}

/** Runs `work` in one process at a time. The lock of a dead holder is taken over. */
export async function withFileLock<T>(options: FileLockOptions, work: () => Promise<T>): Promise<T> {
  const { path, doing, patienceMs } = options;
  const deadline = performance.now() + patienceMs;
  let toTell = options.onWait;
  while (!take(path)) {
    options.signal?.throwIfAborted();
    const holder = holderOf(path)?.pid;
    // No holder: the lock has just been released, or taken from a dead process, or its new holder has not written its identity yet.
    if (holder !== undefined) {
      toTell?.(holder);
      toTell = undefined;
    }
    if (performance.now() > deadline) {
      throw new Error(
        `Another process (pid ${holder ?? 'unknown'}) has been ${doing} for over ${Math.round(patienceMs / 1000)} s. ` +
          'Stop that process, then start again.',
      );
    }
    await sleep(ASK_AGAIN_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify(identify(process.pid)), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  if (isHeld(path)) return false;
  return takeFromTheDead(path);
}

/**
 * Moving the file is atomic. Its content then shows whether another process had just taken the lock, which is given
 * back.
 */
function takeFromTheDead(path: string): boolean {
  const moved = `${path}.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch {
    return false;
  }
  if (isHeld(moved)) renameSync(moved, path);
  else rmSync(moved, { force: true });
  return false;
}

function isHeld(path: string): boolean {
  const holder = holderOf(path);
  if (holder !== undefined) return isAlive(holder);
  try {
    // The absolute difference, since the clock may have been set back.
    return Math.abs(Date.now() - statSync(path).mtimeMs) < UNNAMED_FOR_MS;
  } catch {
    return false;
  }
}

function holderOf(path: string): ProcessIdentity | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof found !== 'object' || found === null || !('pid' in found) || typeof found.pid !== 'number')
      return undefined;
    const started = 'started' in found && typeof found.started === 'string' ? found.started : undefined;
    return { pid: found.pid, started };
  } catch {
    return undefined;
  }
}
