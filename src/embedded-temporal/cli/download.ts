import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CliArchive } from './release';
import type { Log } from '../log';
import { runCommand } from '../../lib/run-command';
import { causeOfFetch, messageOf } from '../../lib/errors';

/** Short, because an offline machine must go on to its next choice quickly. */
const ANSWER_WITHIN_MS = 10_000;
const SILENT_FOR_MS = 30_000;
const PROGRESS_EVERY_MS = 15_000;

interface DownloadOptions {
  readonly archive: CliArchive;
  /** The path for the binary, in an existing folder. The binary appears there complete or not at all. */
  readonly target: string;
  readonly log: Log;
}

/** Downloads the CLI from the first address that has it. @throws Error with the answer of each address */
export async function downloadTemporalCli({ archive, target, log }: DownloadOptions): Promise<void> {
  const began = performance.now();
  log.info(`Downloading Temporal's CLI, ${archive.name} (about 40 MB, once)`);
  // Beside the target, since a rename is atomic only within one file system.
  const folder = await mkdtemp(join(dirname(target), 'download-'));
  try {
    const file = join(folder, archive.name);
    await fetchFromAny(file, archive, log);
    await runCommand('tar', ['-xzf', file, '-C', folder], { timeoutMs: 60_000 });
    const binary = join(folder, basename(target));
    await runCommand(binary, ['--version'], { timeoutMs: 20_000 });
    await rename(binary, target);
    log.info(`Temporal's CLI downloaded in ${Math.round((performance.now() - began) / 1000)} s`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file with another checksum is neither unpacked nor run, and the next address is tried. */
async function fetchFromAny(path: string, { addresses, sha256 }: CliArchive, log: Log): Promise<void> {
  const failures: string[] = [];
  for (const url of addresses) {
    try {
      const found = await fetchTo(path, url, log);
      if (found === sha256) return;
      failures.push(`${url}: expected the checksum ${sha256}, found ${found}`);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new Error([...new Set(failures)].join('; '));
}

/** Resolves with the SHA-256 of the file. */
async function fetchTo(path: string, url: string, log: Log): Promise<string> {
  const abort = new AbortController();
  const giveUp = (why: string): void => abort.abort(new Error(why));
  let deadline = setTimeout(() => giveUp(`no answer within ${ANSWER_WITHIN_MS / 1000} s`), ANSWER_WITHIN_MS);
  const hash = createHash('sha256');
  let bytes = 0;
  const progress = setInterval(() => log.info(`… ${Math.round(bytes / 1e6)} MB so far`), PROGRESS_EVERY_MS);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    const watch = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        clearTimeout(deadline);
        deadline = setTimeout(() => giveUp(`no more data for ${SILENT_FOR_MS / 1000} s`), SILENT_FOR_MS);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), watch, createWriteStream(path), {
      signal: abort.signal,
    });
    return hash.digest('hex');
  } catch (error) {
    throw new Error(plainReason(error, abort.signal), { cause: error });
  } finally {
    clearTimeout(deadline);
    clearInterval(progress);
  }
}

/** `fetch` says only 'fetch failed' and hides the reason in the cause. */
function plainReason(error: unknown, signal: AbortSignal): string {
  return messageOf(causeOfFetch(signal.aborted ? signal.reason : error));
}
