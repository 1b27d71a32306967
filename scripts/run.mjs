// `npm start`, `npm test` and other commands: prepares what is missing, then runs the program in this process.
// Imports only Node's own modules, because packages may not be installed yet.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { Module } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './build-freshness.mjs';
import { changedFiles, jestArguments } from './changed.mjs';

const OLDEST_NODE = [20, 19];

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...path) => join(root, ...path);

/** Not in `npm test`: the tests of the simulator and of chaos, which test only test code, and of the image, whose set-up takes minutes. */
const LEFT_OUT = ['test/chaos', 'test/simulator', 'test/image'];

const jest = { path: inRoot('node_modules', 'jest', 'bin', 'jest.js'), needsMachine: true };
const programs = {
  start: { path: inRoot('dist', 'src', 'main.js'), args: ['start'], needsMachine: false },
  portward: { path: inRoot('dist', 'src', 'main.js'), args: [], needsMachine: false },
  demo: { path: inRoot('dist', 'demo', 'main.js'), args: [], needsMachine: true },
  bench: { path: inRoot('dist', 'bench', 'main.js'), args: [], needsMachine: true },
  fuzz: { path: inRoot('dist', 'fuzz', 'main.js'), args: [], needsMachine: true },
  screenshot: { path: inRoot('dist', 'screenshot', 'main.js'), args: [], needsMachine: true },
  chaos: { path: inRoot('dist', 'chaos', 'main.js'), args: [], needsMachine: true },
  test: { ...jest, args: [] },
  'test:all': { ...jest, args: [] },
};

const [name, ...args] = process.argv.slice(2);
const program = Object.hasOwn(programs, name ?? '') ? programs[name] : undefined;
if (program === undefined) fail(`usage: node scripts/run.mjs <${Object.keys(programs).join('|')}> [arguments]`);

requireNode();
if (!isInstalled()) await step('Installing npm packages', 'about 20 s', () => npm('ci', '--no-audit', '--no-fund'));
if (!isBuilt())
  await step('Building', 'about 10 s', () => run(process.execPath, [inRoot('scripts', 'build.mjs')], 'pipe'));
if (program.needsMachine)
  endUnlessDone(await run(process.execPath, [inRoot('dist', 'src', 'setup', 'main.js')], 'inherit'));

if (name === 'test:all') process.env.PORTWARD_TEST_ALL = 'true';
// With file names in the arguments nothing is left out. A number is the value of an option, not a file name.
if (name === 'test' && args.every((arg) => /^(-|\d+%?$)/.test(arg))) {
  program.args = LEFT_OUT.map((folder) => `--testPathIgnorePatterns=/${folder}/`);
  process.stdout.write(`Left out: ${LEFT_OUT.join(', ')}, and long repetitions (\`npm run test:all\` has them)\n`);
}
const changed = args.findIndex((arg) => /^--changed(=.+)?$/.test(arg));
if (program.path === jest.path && changed >= 0) {
  const [base] = args.splice(changed, 1).map((arg) => arg.split('=')[1]);
  args.push(...jestArguments(changedFiles(base)));
}

// The program runs in this process, not in a child, so that it has the signals, the exit code and the terminal.
await import('./once-per-ctrl-c.mjs');
process.argv = [process.argv[0], program.path, ...program.args, ...args];
Module.runMain();

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(`Portward needs Node.js ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`);
}

/** npm writes its own lock file last, so an interrupted installation does not count. */
function isInstalled() {
  const wanted = statSync(inRoot('package-lock.json'), { throwIfNoEntry: false });
  const installed = statSync(inRoot('node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  if (wanted === undefined) return existsSync(inRoot('node_modules'));
  return installed !== undefined && installed.mtimeMs >= wanted.mtimeMs;
}

/** Runs the npm that started this script, if one did: the npm on PATH may belong to another Node.js. */
function npm(...npmArgs) {
  const own = process.env.npm_execpath;
  if (own?.endsWith('.js')) return run(process.execPath, [own, ...npmArgs], 'pipe');
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', npmArgs, 'pipe');
}

/** Does a step of the set-up, and shows its output only if it fails. */
async function step(what, howLong, work) {
  const began = Date.now();
  process.stdout.write(`${what} (${howLong})\n`);
  endUnlessDone(await work());
  process.stdout.write(`✓ ${what} (${Math.round((Date.now() - began) / 1000)} s)\n`);
}

function endUnlessDone({ command, code, output }) {
  if (code === 0) return;
  if (output !== '') process.stderr.write(`${output}\n\`${command}\` ended with code ${code}\n`);
  process.exit(code);
}

/** Runs a command. A signal that comes meanwhile goes to the command, and ends this process when the command has ended. */
async function run(command, runArgs, output) {
  const child = spawn(command, runArgs, {
    cwd: root,
    stdio: ['ignore', output, output],
    shell: command.endsWith('.cmd'),
  });
  const said = [];
  child.stdout?.on('data', (chunk) => said.push(chunk));
  child.stderr?.on('data', (chunk) => said.push(chunk));

  let got;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const passOn = (signal) => {
    got ??= signal;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, passOn);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      said.push(Buffer.from(error.message));
      resolve(1);
    });
    child.once('close', (exit, signal) => resolve(exit ?? 128 + constants.signals[signal]));
  });
  for (const signal of signals) process.off(signal, passOn);

  if (got !== undefined) process.exit(128 + constants.signals[got]);
  return { command: [command, ...runArgs].join(' '), code, output: Buffer.concat(said).toString() };
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
