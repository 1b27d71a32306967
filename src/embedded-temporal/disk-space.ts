import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { codeOf } from '../lib/errors';

/** What the database's write-ahead log may need at once. */
const TOO_LITTLE_BYTES = 8 * 1024 * 1024;
const MIB = 1024 * 1024;

/** Too little room on the disk that holds a folder, and what to do. Its text says all. */
export class LackOfSpace {
  constructor(
    readonly found: string,
    readonly means = "Temporal can't write its database there",
    readonly todo = 'Free some space; work then goes on by itself. Engines keep running',
  ) {}

  toString(): string {
    return `${this.found}. ${this.means}. ${this.todo}`;
  }
}

/** Null while there is enough. */
export async function lackOfSpace(folder: string): Promise<LackOfSpace | null> {
  let free: number;
  let size: number;
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    [free, size] = [bavail * bsize, blocks * bsize];
  } catch {
    // Not there, or no such call on this system: whatever is wrong shows elsewhere.
    return null;
  }
  if (size === 0 || free >= TOO_LITTLE_BYTES) return null;
  const room = `${(free / MIB).toFixed(1)} MB of ${Math.round(size / MIB)} MB free`;
  return new LackOfSpace(
    `The disk is full: file system ${mountPoint(folder)}, which holds ${folder} (PORTWARD_DATA_DIR), has ${room}`,
  );
}

/** Whether a file could not be written for want of room. */
export function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(codeOf(error)));
}

function mountPoint(folder: string): string {
  try {
    const points = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => (line.split(' ')[1] ?? '').replaceAll(String.raw`\040`, ' '))
      .filter((point) => point === '/' || point === folder || folder.startsWith(`${point}/`));
    return points.toSorted((a, b) => b.length - a.length)[0] ?? folder;
  } catch {
    return folder;
  }
}
