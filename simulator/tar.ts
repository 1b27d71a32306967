// Makes a tar stream in the ustar format (POSIX.1-2001, pax), with what `docker import` and `docker build` need.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

export type TarEntry = { path: string; mode: number } & ({ file: string } | { content: string } | { directory: true });

const BLOCK = 512;

export function tarStream(entries: TarEntry[]): Readable {
  return Readable.from(blocks(entries), { objectMode: false });
}

async function* blocks(entries: TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    if ('directory' in entry) yield header(`${entry.path}/`, entry.mode, 0, '5');
    else if ('content' in entry) {
      const content = Buffer.from(entry.content);
      yield header(entry.path, entry.mode, content.length, '0');
      yield content;
      yield padding(content.length);
    } else {
      const { size } = await stat(entry.file);
      yield header(entry.path, entry.mode, size, '0');
      yield* createReadStream(entry.file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
      yield padding(size);
    }
  }
  // The end is two empty blocks.
  yield Buffer.alloc(2 * BLOCK);
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function header(path: string, mode: number, size: number, type: '0' | '5'): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = split(path.replace(/^\//, ''));
  block.write(name, 0);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  // Time 0, so that the same files make the same tar.
  block.write(octal(0, 12), 136);
  block.fill(' ', 148, 156);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

/** Splits a path for a ustar header, which has 100 bytes for the name and 155 for the folder before it. */
function split(path: string): [prefix: string, name: string] {
  if (path.length <= 100) return ['', path];
  const at = path.indexOf('/', path.length - 101);
  if (at < 0 || at > 155) throw new Error(`expected a path that fits a ustar header, found ${path}`);
  return [path.slice(0, at), path.slice(at + 1)];
}
