// Finds whether dist/ was built from the present sources.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built-from');
const sources = [
  'src',
  'web',
  'simulator',
  'demo',
  'bench',
  'fuzz',
  'screenshot',
  'chaos',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/build.mjs',
  'scripts/build-page.mjs',
  'scripts/pack-modules.mjs',
  'scripts/record-modules.mjs',
  'scripts/load-modules.mjs',
];

/** The time of the newest source. Call this before a build, so that a file that is saved during the build counts as newer. */
export function newestSource() {
  return Math.max(...sources.map((source) => newest(join(root, source))));
}

export function isBuilt() {
  // An installed package or an image has no sources.
  if (!existsSync(join(root, 'src'))) return true;
  return existsSync(stamp) && Number(readFileSync(stamp, 'utf8')) === newestSource();
}

export function markBuilt(from) {
  writeFileSync(stamp, String(from));
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  // The folder's own time changes when a file in it is deleted.
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
