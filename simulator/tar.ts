import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';

export type TarEntry = { path: string; mode: number } & ({ file: string } | { content: string } | { directory: true });

/** No time and no owner: the same files make the same tar. */
const MADE = { mtime: new Date(0), uid: 0, gid: 0 };

/** A tar of a few files, for `docker import` and `docker build`. */
export function tarStream(entries: readonly TarEntry[]): Readable {
  const tar = pack();
  fill(tar, entries).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error as Error),
  );
  return tar;
}

async function fill(tar: Pack, entries: readonly TarEntry[]): Promise<void> {
  for (const entry of entries) {
    const { mode } = entry;
    const name = entry.path.replace(/^\//, '');
    if ('directory' in entry) tar.entry({ name, mode, type: 'directory', ...MADE });
    else if ('content' in entry) tar.entry({ name, mode, ...MADE }, entry.content);
    else {
      const { size } = await stat(entry.file);
      await pipeline(createReadStream(entry.file), tar.entry({ name, mode, size, ...MADE }));
    }
  }
}
