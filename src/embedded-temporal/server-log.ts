import { closeSync, copyFileSync, fstatSync, openSync, readSync, rmSync, statSync, truncateSync } from 'node:fs';

const KEEP_BYTES = 20 * 1024 * 1024;
const TAIL_BYTES = 4_000;

/** Opens the log for the server, which writes to the file itself, and goes on doing so if Portward is killed. */
export function openServerLog(path: string): number {
  boundServerLog(path);
  return openSync(path, 'a');
}

/**
 * Limits the log: a server in trouble writes 10 MB a minute. A longer log is copied to one older file and then
 * emptied. The file itself stays, since the running server has it open and appends to it.
 */
export function boundServerLog(path: string, keepBytes = KEEP_BYTES): void {
  if (sizeOf(path) <= keepBytes) return;
  try {
    copyFileSync(path, `${path}.1`);
  } catch {
    // On a full disk the space is worth more than the old lines.
    rmSync(`${path}.1`, { force: true });
  }
  truncateSync(path);
}

/** The last lines that were written after the first `from` bytes. */
export function lastLines(path: string, from: number, count = 8): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const start = Math.max(from, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trim().split('\n').slice(-count).join('\n');
  } finally {
    closeSync(file);
  }
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
