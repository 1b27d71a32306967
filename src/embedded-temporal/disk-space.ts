import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { codeOf } from '../lib/errors';

/** The database's write-ahead log may need this much at once. */
const TOO_LITTLE_BYTES = 8 * 1024 * 1024;
const MIB = 1024 * 1024;

/** Too little free space on the disk of a folder, with its consequence and remedy. As text it has all three. */
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

/** The lack of space on the folder's disk; null while there is enough. */
export async function lackOfSpace(folder: string): Promise<LackOfSpace | null> {
  let free: number;
  let size: number;
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    [free, size] = [bavail * bsize, blocks * bsize];
  } catch {
    // The folder does not exist, or the system lacks this call. Other checks report what is wrong.
    return null;
  }
  if (size === 0 || free >= TOO_LITTLE_BYTES) return null;
  const room = `${(free / MIB).toFixed(1)} MB of ${Math.round(size / MIB)} MB free`;
  return new LackOfSpace(
    `The disk is full: file system ${mountPoint(folder)}, which holds ${folder} (PORTWARD_DATA_DIR), has ${room}`,
  );
}

/** Whether a file could not be written for lack of space. */
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
