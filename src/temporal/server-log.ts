import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const KEEP_BYTES = 20 * 1024 * 1024;
const TAIL_BYTES = 4_000;

/** Opened anew at each start, with one older file kept, so that a server that runs for years cannot fill the disk by restarts. */
export function openServerLog(path: string): number {
  if (sizeOf(path) > KEEP_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** What was written after `from` bytes, the last lines of it. */
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
