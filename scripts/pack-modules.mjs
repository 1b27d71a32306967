// Packs the modules that a start of Portward loads into one file with V8's code cache, for `src/packed-modules.ts`. Run this after every
// change of dist/ or node_modules/, with the Node.js that will run the program: another release ignores the cache.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
const script = (name) => join(root, 'scripts', name);
const packs = ['program', 'workflow-thread'];

/** Not packed: the SDK removes its own frames from the stack traces in histories, and recognizes them by these file names. */
const KNOWN_IN_STACK_TRACES = /@temporalio\/(worker|common|activity)\/lib\/(activity|interceptors|nexus\/.+)\.js$/;

const NOT_ASCII = /[^\0-\x7f]/g;

/** The SDK's worker threads begin with a file of Portward instead, which loads the SDK's own file from the pack. */
const THREAD = {
  by: /@temporalio\/worker\/lib\/workflow\/threaded-vm\.js$/,
  request: './workflow-worker-thread',
  file: 'src/worker/workflow-thread.js',
};

/** @param dist the built program's folder, as an absolute path */
export function packModules(dist) {
  for (const pack of packs) rmSync(join(dist, `${pack}.pack.js`), { force: true });
  const scratch = mkdtempSync(join(tmpdir(), 'portward-pack-'));
  try {
    const RECORD_TO = join(scratch, 'recorded');
    const record = ['--import', script('record-modules.mjs'), script('load-modules.mjs'), dist];
    execFileSync(process.execPath, record, { env: { ...process.env, RECORD_TO }, stdio: 'inherit' });
    for (const pack of packs) {
      const recorded = JSON.parse(readFileSync(`${RECORD_TO}.${pack}`, 'utf8'));
      writeFileSync(join(dist, `${pack}.pack.js`), packed(recorded, dist));
    }
    execFileSync(process.execPath, [script('load-modules.mjs'), dist, '--cache'], { stdio: 'inherit' });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The text of a pack: an expression with the modules as functions, and with the file that each `require` of a module finds. */
function packed({ loaded, found }, dist) {
  const folder = join(dist, '..');
  const pathOf = (filename) => relative(folder, filename).split(sep).join('/');
  const isBelow = (filename) => isAbsolute(filename) && /^(dist|node_modules|package\.json$)/.test(pathOf(filename));
  const modules = Object.entries(loaded).filter(
    ([filename, source]) => isBelow(filename) && mayBePacked(pathOf(filename), source),
  );
  const requests = Object.entries(found)
    .filter(([by]) => isBelow(by))
    .map(([by, asked]) => {
      const entries = Object.entries(asked).filter(([, filename]) => isBelow(filename));
      return [pathOf(by), Object.fromEntries(entries.map(([request, filename]) => [request, pathOf(filename)]))];
    });
  const threaded = requests.find(([by]) => THREAD.by.test(by));
  if (threaded) threaded[1][THREAD.request] = pathOf(join(dist, THREAD.file));
  const functions = modules.map(
    ([filename, source]) =>
      `${JSON.stringify(pathOf(filename))}: function (exports, require, module, __filename, __dirname) {${source
        .replace(/^#!.*/, '')
        .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '')}\n}`,
  );
  const all = `({ found: ${JSON.stringify(Object.fromEntries(requests))}, modules: {\n${functions.join(',\n')}\n} })\n`;
  // Only ASCII, which Node.js reads without decoding.
  return all.replaceAll(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * False for modules with `import()`, which is relative to its file, and with a non-ASCII character that is escaped or in a raw string:
 * an escape sequence can't take the place of such a character.
 */
function mayBePacked(path, source) {
  const code = source.replaceAll(/^\s*(\*|\/\/).*$/gm, '');
  return !KNOWN_IN_STACK_TRACES.test(path) && !/\bimport\(|\\[^\0-\x7f]|String\.raw`[^`]*[^\0-\x7f`]/.test(code);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) packModules(join(root, 'dist'));
