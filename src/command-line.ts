import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type * as Configuration from './config';
import { loadEnvFile, unmarkNames } from './env-file';
import { replace, status } from './program/commands';
import type * as Program from './program/run';

/** Exit code for wrong configuration or a wrong command line; nothing was started. */
const WRONG_INPUT = 2;

async function start(parts: readonly Configuration.Part[]): Promise<void> {
  // Loaded only here: Temporal's SDK takes long, for which the other commands need not wait. As it is here, it comes from the pack.
  const { loadConfig } = require('./config') as typeof Configuration;
  const { run } = require('./program/run') as typeof Program;
  await run(loadConfig(process.env, parts), parts);
}

/** From package.json, which is in the image and in a checkout alike, above the built program. */
function version(folder = __dirname): string {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version);
  return dirname(folder) === folder ? 'unknown' : version(dirname(folder));
}

export function runCommandLine(): void {
  unmarkNames(process.env);
  try {
    if (existsSync('.env')) loadEnvFile('.env', process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(WRONG_INPUT);
  }

  const program = new Command('portward')
    .version(version(), '--version', 'print the version')
    .description("Keeps engines behind a VPN in step with the VPN's forwarded port.")
    .configureOutput({ outputError: (text, write) => write(text) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : WRONG_INPUT));

  program
    .command('start')
    .description('everything in one process, with an embedded Temporal server unless TEMPORAL_ADDRESS is set')
    .action(() => start(['worker', 'api']));
  program
    .command('worker')
    .description('workflows and activities only, beside the Docker host')
    .action(() => start(['worker']));
  program
    .command('api')
    .description('the HTTP API only')
    .action(() => start(['api']));

  const urlOption = [
    '--url <url>',
    "the API's address",
    process.env['PORTWARD_URL'] || `http://127.0.0.1:${process.env['APP_PORT'] || 8000}`,
  ] as const;
  program
    .command('status')
    .description('VPNs and their engines as a table')
    .option(...urlOption)
    .action(status);
  program
    .command('replace <vpn>')
    .description('replace the forwarded engine of a VPN now')
    .option('--engine <id>', 'another engine, by container id or name')
    .option('--reason <text>', 'kept with the replacement')
    .option(...urlOption)
    .action(replace);

  program.parseAsync().then(
    () => process.exit(),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(error instanceof Error && error.name === 'ConfigError' ? WRONG_INPUT : 1);
    },
  );
}
