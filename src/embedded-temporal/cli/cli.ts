import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildTemporalCli } from './build';
import { downloadTemporalCli } from './download';
import { CLI_VERSION, cliArchive } from './release';
import { withFileLock } from '../../lib/file-lock';
import type { Log } from '../log';
import { executableName, findOnPath, isExecutable } from '../../lib/path-search';
import { runCommand } from '../../lib/run-command';
import { ProblemError } from '../../lib/problem';
import { messageOf } from '../../lib/errors';
import { isTooOld, OLDEST_SERVER } from '../../temporal/oldest-server';

/** Long enough for a build on a slow machine. */
const INSTALL_PATIENCE_MS = 20 * 60_000;

export interface ResolveCliOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cacheDir: string;
  readonly log: Log;
}

/** The remedy for a wrong TEMPORAL_CLI_PATH. */
export const CORRECT_PATH = "correct it, or unset it to let Portward find or fetch Temporal's CLI";

export class TemporalCliMissingError extends ProblemError {
  override readonly name = 'TemporalCliMissingError';
}

/**
 * Path of Temporal's CLI, which contains the server. It is the first of these: TEMPORAL_CLI_PATH, `temporal` on PATH,
 * the binary in the cache, the official download, a build with Go.
 * @throws TemporalCliMissingError
 */
export async function resolveTemporalCli(options: ResolveCliOptions): Promise<string> {
  return (await findTemporalCli(options)) ?? installTemporalCli(options);
}

/**
 * The CLI without a download or a build; undefined if there is none. Callers that must not print progress ask this
 * first.
 * @throws TemporalCliMissingError for a wrong TEMPORAL_CLI_PATH
 */
export async function findTemporalCli({ env, cacheDir, log }: ResolveCliOptions): Promise<string | undefined> {
  const chosen = env['TEMPORAL_CLI_PATH'];
  if (chosen) {
    if (!isExecutable(chosen)) {
      throw new TemporalCliMissingError({
        what: `TEMPORAL_CLI_PATH is ${chosen}, which is not an executable file`,
        todo: CORRECT_PATH,
      });
    }
    return chosen;
  }
  const onPath = findOnPath('temporal', env);
  if (onPath !== undefined) {
    const reason = await whyUnfit(onPath);
    if (reason === undefined) return onPath;
    log.warn(`Not using ${onPath}: ${reason}`);
  }
  const cached = cachedPath(cacheDir);
  return isExecutable(cached) ? cached : undefined;
}

/** In one process at a time: a build uses all cores for minutes, so a second process waits for its result. */
async function installTemporalCli(options: ResolveCliOptions): Promise<string> {
  const target = cachedPath(options.cacheDir);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  const lock = {
    path: join(folder, 'installing.json'),
    doing: "installing Temporal's CLI",
    patienceMs: INSTALL_PATIENCE_MS,
    onWait: (pid: number) => options.log.info(`Waiting for process ${pid}, which installs Temporal's CLI`),
  };
  return withFileLock(lock, async () => {
    if (isExecutable(target)) return target;
    await sweep(folder);
    return downloadOrBuild(target, options);
  });
}

/** Removes what killed installations have left. */
async function sweep(folder: string): Promise<void> {
  const leftovers = (await readdir(folder)).filter((name) => /^(build|download)-/.test(name));
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

async function downloadOrBuild(target: string, { env, log }: ResolveCliOptions): Promise<string> {
  const tried: string[] = [];
  try {
    await downloadTemporalCli({ archive: cliArchive(process.platform, process.arch), target, log });
    return target;
  } catch (error) {
    tried.push(`download: ${messageOf(error)}`);
  }
  const go = findOnPath('go', env);
  if (go === undefined) {
    tried.push('build: no `go` on PATH');
  } else {
    log.info(`Temporal's CLI could not be downloaded (${tried.join('; ')})`);
    try {
      await buildTemporalCli({ version: CLI_VERSION, go, target, env, log });
      return target;
    } catch (error) {
      tried.push(`build: ${messageOf(error)}`);
    }
  }
  throw new TemporalCliMissingError(
    [
      `Temporal's CLI ${CLI_VERSION} is needed for the embedded server, and was neither found nor installed:`,
      '  TEMPORAL_CLI_PATH: not set',
      '  `temporal` on PATH: none that can be used',
      `  cache: nothing at ${target}`,
      ...tried.map((attempt) => `  ${attempt}`),
      'Install it (https://docs.temporal.io/cli), or Go 1.25 or later, or point TEMPORAL_CLI_PATH at the binary;',
      'or set TEMPORAL_ADDRESS to use a Temporal server that runs elsewhere.',
    ].join('\n'),
  );
}

function cachedPath(cacheDir: string): string {
  return join(cacheDir, `temporal-cli-${CLI_VERSION}`, executableName('temporal'));
}

/**
 * Why a program can't be used as Temporal's CLI; undefined if it can. An old CLI, or another program named
 * `temporal`, would otherwise fail much later, with a less clear error.
 */
export async function whyUnfit(path: string): Promise<string | undefined> {
  let said: string;
  try {
    said = await runCommand(path, ['--version'], { timeoutMs: 20_000 });
  } catch (error) {
    return messageOf(error);
  }
  const version = /\(Server (\d+\.\d+)/.exec(said)?.[1];
  if (version === undefined) return '`--version` does not name a Temporal server';
  return isTooOld(version) ? `its server is ${version}, Portward needs ${OLDEST_SERVER} or later` : undefined;
}
