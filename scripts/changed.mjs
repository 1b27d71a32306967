// Finds the tests that a change concerns, as arguments for jest: tests that import a changed file, name it, or start a program that is
// built from it. `node scripts/changed.mjs FILE...` prints them.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const IS_CODE = /\.(ts|cjs)$/;
/** Files that every test runs with, though no test imports or names them. */
const CONCERNS_ALL = /^(package(-lock)?\.json|jest\.config\.js|tsconfig.*\.json|scripts\/.*|test\/[^/]+\.mjs)$/;
/** Matches a file that starts a built program. Jest follows imports, so it can't see the sources of that program. */
const STARTS_BUILT = /['"/]dist['"/]/;
const BUILT = ['src', 'simulator', 'demo', 'bench', 'fuzz', 'screenshot', 'chaos'];
/** Programs of the simulated containers: READS_CONTAINER_PROGRAMS reads all files of these folders. */
const IN_CONTAINERS = /^simulator\/(inside|vpn|engine)\//;
const READS_CONTAINER_PROGRAMS = 'simulator/scripts.ts';
/** Run always: they read every document, folder and test title, and are fast. */
const DOCUMENT_TESTS = /^test\/docs\/.*\.test\.ts$/;

/** All files that have changed since this branch began, committed or not. */
export function changedFiles(base = forkPoint()) {
  return [...git('diff', '--name-only', '--no-renames', base), ...git('ls-files', '--others', '--exclude-standard')];
}

/** @returns the concerned tests and modules, for jest's `--findRelatedTests`; null: all tests */
export function concernedBy(changed) {
  const code = [...codeFiles('test'), ...codeFiles('simulator')];
  const texts = new Map(code.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const concerned = new Set(code.filter((file) => DOCUMENT_TESTS.test(file)));
  const toFollow = [...changed];
  for (const file of toFollow) {
    // Only the order of the tests depends on this file.
    if (file === 'test/durations.json') continue;
    if (CONCERNS_ALL.test(file)) return null;
    const using = code.filter((user) => uses(user, texts.get(user), file));
    if (using.length === 0 && !IS_CODE.test(file) && !file.endsWith('.md')) return null;
    concerned.add(file);
    toFollow.push(...using.filter((user) => !concerned.has(user) && !toFollow.includes(user)));
  }
  // No file imports a deleted file any more; files that had imported it have changed themselves.
  return [...concerned].filter((file) => IS_CODE.test(file) && existsSync(join(root, file)));
}

/** Whether a module uses a file in a way that jest does not see. */
function uses(user, text, file) {
  if (text.includes(basename(file))) return true;
  if (IN_CONTAINERS.test(file) && user === READS_CONTAINER_PROGRAMS) return true;
  const [folder] = file.split('/');
  return STARTS_BUILT.test(text) && BUILT.includes(folder) && (folder === 'src' || text.includes(`'${folder}'`));
}

export function jestArguments(changed) {
  const concerned = concernedBy(changed);
  if (concerned === null) return [];
  // Jest follows imports only within its roots.
  const roots = ['test', ...BUILT].map((folder) => `--roots=${join(root, folder)}`);
  return ['--passWithNoTests', ...roots, '--findRelatedTests', ...concerned];
}

function codeFiles(folder) {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(join(root, path)).isDirectory()) return codeFiles(path);
    return IS_CODE.test(name) ? [path] : [];
  });
}

function forkPoint() {
  for (const branch of ['origin/main', 'main', 'HEAD']) {
    try {
      return git('merge-base', 'HEAD', branch)[0];
    } catch {
      // There is no such branch here.
    }
  }
  throw new Error('--changed needs a repository with a commit');
}

function git(...args) {
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  return execFileSync('git', args, options).split('\n').filter(Boolean);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = process.argv.slice(2);
  process.stdout.write(`${jestArguments(files.length > 0 ? files : changedFiles()).join('\n')}\n`);
}
