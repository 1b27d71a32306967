// Finds the files that a container needs to run the host's own node: the program, its libraries and the dynamic loader.
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

export type HostNode = { program: string; libraries: string[]; libraryFolders: string[] };

let found: Promise<HostNode> | null = null;

/** Looks for them once in this process. */
export function hostNode(): Promise<HostNode> {
  found ??= find();
  return found;
}

async function find(): Promise<HostNode> {
  const program = await realpath(process.execPath);
  // ldd fails for a statically linked program, which needs no libraries.
  const { stdout } = await promisify(execFile)('ldd', [program]).catch(() => ({ stdout: '' }));
  const libraries = librariesIn(stdout);
  // The image has to name these folders to the loader, because the host may keep libraries outside of the usual folders.
  const libraryFolders = [...new Set(libraries.map((library) => dirname(library)))];
  return { program, libraries, libraryFolders };
}

/** Lines are `libm.so.6 => /lib/…/libm.so.6 (0x…)` or, for the loader, `/lib64/ld-linux-x86-64.so.2 (0x…)`. */
export function librariesIn(lddOutput: string): string[] {
  const paths = lddOutput.split('\n').flatMap((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  return [...new Set(paths)];
}
