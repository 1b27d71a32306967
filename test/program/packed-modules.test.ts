import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const dist = join(__dirname, '..', '..', 'dist');

/** Loads FILES, and reports how many modules were loaded and which ones Node.js had to compile. */
const LOAD = `
  const { join } = require('node:path');
  const Module = require('node:module');
  const dist = process.env.DIST;
  const compiled = [];
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, ...rest) {
    compiled.push(filename);
    return compile.call(this, content, filename, ...rest);
  };
  const { packed } = require(join(dist, 'src', 'packed-modules.js'));
  for (const file of process.env.FILES.split(',')) require(join(dist, 'src', file));
  const loaded = Object.keys(require.cache).length;
  const say = { refused: packed.cachedDataRejected, compiled, loaded };
  const { isMainThread, parentPort } = require('node:worker_threads');
  if (isMainThread) console.log(JSON.stringify(say));
  else parentPort.postMessage(say);
`;
const IN_A_THREAD = `
  const { Worker } = require('node:worker_threads');
  const thread = new Worker(process.env.LOAD, { eval: true });
  thread.once('message', (say) => {
    console.log(JSON.stringify(say));
    process.exit();
  });
`;

function run(code: string, files: string) {
  const env = { PATH: process.env['PATH'], DIST: dist, FILES: files, LOAD };
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { refused: boolean; compiled: string[]; loaded: number };
}

test.each([
  ['a start', LOAD, 'cli/command-line.js,config/config.js,program/run.js', 1_000],
  ['a thread for workflows', IN_A_THREAD, 'worker/workflow-thread.js', 100],
])('%s loads its modules from the pack, with their compiled code', (_, code, files, atLeast) => {
  const { refused, compiled, loaded } = run(code, files);
  expect(refused).toBe(false);
  expect(loaded).toBeGreaterThan(atLeast);
  // ES modules, and modules that are relative to their own file, are not in the pack.
  expect(compiled.length).toBeLessThan(40);
});

test('a packed module knows the path of its own file, and so finds files beside it', () => {
  const ask = `
    require('${join(dist, 'src', 'packed-modules.js')}');
    const { workflowBundle } = require('${join(dist, 'src', 'worker', 'workflow-code.js')}');
    console.log(workflowBundle.codePath);
  `;
  const { stdout } = spawnSync(process.execPath, ['-e', ask], { encoding: 'utf8' });
  expect(stdout.trim()).toBe(join(dist, 'workflow-bundle.js'));
});

test('a thread for workflows makes no stack trace for each promise, and AsyncLocalStorage works in it', () => {
  const ask = `
    const { AsyncLocalStorage } = require('node:async_hooks');
    const { parentPort } = require('node:worker_threads');
    require('${join(dist, 'src', 'worker', 'workflow-thread.js')}');
    let seen = 0;
    require('node:v8').promiseHooks.createHook({ init: () => seen++ });
    const storage = new AsyncLocalStorage();
    const within = (name) => storage.run(name, async () => {
      await null;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return storage.getStore();
    });
    Promise.all([within('one'), within('other')]).then((stores) => parentPort.postMessage({ stores, seen }));
  `;
  const env = { PATH: process.env['PATH'], LOAD: ask };
  const { stdout } = spawnSync(process.execPath, ['-e', IN_A_THREAD], { encoding: 'utf8', env });
  expect(JSON.parse(stdout)).toEqual({ stores: ['one', 'other'], seen: 0 });
});
