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
  load('cli', 'command-line.js');
  load('program', 'run.js');
  await prepareApi();
} else {
  load('worker', 'workflow-thread.js');
}
const pack = isMainThread ? 'program' : 'workflow-thread';
if (option === '--cache') writeFileSync(join(dist, `${pack}.pack.js.cache`), packed.createCachedData());
if (isMainThread) {
  const thread = new Worker(new URL(import.meta.url), { argv: [dist, option] });
  thread.on('error', (error) => {
    throw error;
  });
} else process.exit();

/** The API loads, and makes functions of its schemas, when it is put together. */
async function prepareApi() {
  const address = '127.0.0.1:9';
  const { client, connection } = load('temporal', 'client.js').lazyClient({
    connection: { address },
    namespace: 'default',
  });
  const { ApiProgram } = load('program', 'api-program.js');
  const api = new ApiProgram(load('config', 'config.js').loadConfig({ GLUETUN_CONTAINER_NAME: 'gluetun' }), {
    client,
    log: load('program', 'logger.js').createLogger({ debug: false, debugDir: '', format: 'json' }),
    workerMetrics: null,
    temporalUi: { origin: `http://${address}`, hostAddresses: () => Promise.resolve([]) },
  });
  await api.prepare();
  await api.stop();
  await connection.close();
}
