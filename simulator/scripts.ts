// Reads the JavaScript for the image. In dist it is there already; from the sources (in jest) it is compiled here.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Script = { path: string; content: string };

const FOLDERS = ['inside', 'vpn', 'engine'];

let found: Promise<Script[]> | null = null;

/** Every program file, with its path below simulator/, in a fixed order. Read once a process, since a hundred VPNs may need it at once. */
export function simulatorScripts(): Promise<Script[]> {
  found ??= read();
  return found;
}

async function read(): Promise<Script[]> {
  const compile = __filename.endsWith('.ts') ? await compiler() : null;
  const ending = compile === null ? '.js' : '.ts';
  const scripts: Script[] = [];
  for (const folder of FOLDERS) {
    const names = (await readdir(join(__dirname, folder))).filter((name) => name.endsWith(ending)).toSorted();
    for (const name of names) {
      const content = await readFile(join(__dirname, folder, name), 'utf8');
      const path = `${folder}/${name.slice(0, -ending.length)}.js`;
      scripts.push({ path, content: compile === null ? content : compile(content) });
    }
  }
  return scripts;
}

/** Imports @swc/core only when needed: it is a development dependency. */
async function compiler(): Promise<(source: string) => string> {
  const { transformSync } = await import('@swc/core');
  return (source) =>
    transformSync(source, {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    }).code;
}
