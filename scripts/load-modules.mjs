// Loads the modules that a start of the program loads, in this thread and in a thread for workflows. Arguments: the folder dist, and
// --cache to load them from the packs and write V8's code cache beside each pack.
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

/** The API loads many modules, and compiles its schemas to functions, only when it is set up. */
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
