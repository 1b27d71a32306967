import { createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Log } from './log';
import { runCommand } from './run-command';

/** An offline machine must reach its next choice quickly. */
const ANSWER_WITHIN_MS = 10_000;
const SILENT_FOR_MS = 30_000;
const PROGRESS_EVERY_MS = 15_000;

interface DownloadOptions {
  readonly version: string;
  /** Where the binary shall be, in a folder that exists; it appears there whole or not at all. */
  readonly target: string;
  readonly log: Log;
}

export async function downloadTemporalCli({ version, target, log }: DownloadOptions): Promise<void> {
  const began = performance.now();
  const url = archiveUrl(version);
  log.info(`Downloading Temporal's CLI ${version} (about 40 MB, once)`);
  // Beside the target, since a rename is atomic only within one file system.
  const folder = await mkdtemp(join(dirname(target), 'download-'));
  try {
    const archive = join(folder, 'temporal.tar.gz');
    await fetchTo(archive, url, log);
    await runCommand('tar', ['-xzf', archive, '-C', folder], { timeoutMs: 60_000 });
    const binary = join(folder, basename(target));
    await runCommand(binary, ['--version'], { timeoutMs: 20_000 });
    await rename(binary, target);
    log.info(`Temporal's CLI downloaded in ${Math.round((performance.now() - began) / 1000)} s`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function archiveUrl(version: string): string {
  const platforms: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };
  const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
  const platform = platforms[process.platform];
  const arch = architectures[process.arch];
  if (platform === undefined || arch === undefined) {
    throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  }
  return `https://temporal.download/cli/archive/v${version}?platform=${platform}&arch=${arch}`;
}

async function fetchTo(path: string, url: string, log: Log): Promise<void> {
  const abort = new AbortController();
  const giveUp = (why: string): void => abort.abort(new Error(why));
  let deadline = setTimeout(() => giveUp(`no answer within ${ANSWER_WITHIN_MS / 1000} s`), ANSWER_WITHIN_MS);
  let bytes = 0;
  const progress = setInterval(() => log.info(`… ${Math.round(bytes / 1e6)} MB so far`), PROGRESS_EVERY_MS);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    const watch = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        clearTimeout(deadline);
        deadline = setTimeout(() => giveUp(`nothing more came for ${SILENT_FOR_MS / 1000} s`), SILENT_FOR_MS);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), watch, createWriteStream(path), {
      signal: abort.signal,
    });
  } catch (error) {
    throw new Error(plainReason(error, abort.signal), { cause: error });
  } finally {
    clearTimeout(deadline);
    clearInterval(progress);
  }
}

/** `fetch` says only 'fetch failed' and hides the reason in the cause. */
function plainReason(error: unknown, signal: AbortSignal): string {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (!(reason instanceof Error)) return String(reason);
  return reason.cause instanceof Error ? reason.cause.message : reason.message;
}
