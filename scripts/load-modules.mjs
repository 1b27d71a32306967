// Loads what a start of the program in the folder dist loads, here and in a thread for workflows. With --cache: from the packs, and
// writes beside each what V8 has compiled of it.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread, Worker } from 'node:worker_threads';

const [, , dist, option] = process.argv;
const require = createRequire(import.meta.url);
const load = (...path) => require(join(dist, 'src', ...path));

const { packed } = load('packed-modules.js');
if (isMainThread) {
  load('command-line.js');
  load('config.js');
  load('program', 'run.js');
} else {
  load('temporal', 'workflow-thread.js');
}
const pack = isMainThread ? 'program' : 'workflow-thread';
if (option === '--cache') writeFileSync(join(dist, `${pack}.pack.js.cache`), packed.createCachedData());
if (isMainThread) {
  const thread = new Worker(new URL(import.meta.url), { argv: [dist, option] });
  thread.on('error', (error) => {
    throw error;
  });
} else process.exit();
