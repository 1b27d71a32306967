import type { Command } from 'commander';
import type { Part } from '../../config/across';
import type * as Configuration from '../../config/config';
import type * as Program from '../../program/run';

const RUN = 'Run it:';

/** `start`, `worker` and `api`. */
export function addStart(program: Command): void {
  program
    .command('start')
    .helpGroup(RUN)
    .description('runs worker and API in one process, with an embedded Temporal server unless TEMPORAL_ADDRESS is set')
    .action(() => start(['worker', 'api']));
  program
    .command('worker')
    .helpGroup(RUN)
    .description('runs the worker only, which watches the VPNs and makes the engines')
    .action(() => start(['worker']));
  program
    .command('api')
    .helpGroup(RUN)
    .description('runs the HTTP API only')
    .action(() => start(['api']));
}

async function start(parts: readonly Part[]): Promise<void> {
  // Loaded only here: Temporal's SDK takes long to load, which other commands don't need. With `require` it comes
  // from the pack.
  const { loadConfig } = require('../../config/config') as typeof Configuration;
  const { run } = require('../../program/run') as typeof Program;
  await run(loadConfig(process.env, parts), parts);
}
