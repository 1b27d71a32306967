import { execFile } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { cacheDir } from '../src/config/folders';
import { findTemporalCli } from '../src/embedded-temporal/cli/cli';

/** A line that describes the machine and the versions. */
export async function machine(docker: Docker): Promise<string> {
  const { Version } = await docker.version();
  const cores = cpus();
  return [
    `${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'})`,
    `${(totalmem() / 2 ** 30).toFixed(0)} GB`,
    `Node.js ${process.versions.node}`,
    `Docker ${Version}`,
    await temporalVersion(),
    // Other work on the machine affects every number.
    `load ${(loadavg()[0] ?? 0).toFixed(1)} before`,
  ].join(', ');
}

async function temporalVersion(): Promise<string> {
  const log = { info: () => {}, warn: () => {} };
  const cli = await findTemporalCli({ env: process.env, cacheDir: cacheDir(process.env), log });
  if (cli === undefined) return 'Temporal CLI not there yet';
  const { stdout } = await promisify(execFile)(cli, ['--version']);
  return `Temporal CLI ${/\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim()} (server ${/Server (\d+(\.\d+)+)/i.exec(stdout)?.[1] ?? 'unknown'})`;
}
