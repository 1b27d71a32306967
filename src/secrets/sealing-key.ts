import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sealingKeyFrom, type SealingKey } from './seal';
import { codeOf } from '../lib/errors';

const SECRET = /^[0-9a-f]{64}$/;

/** The file whose secret is used without PORTWARD_SECRET_KEY. */
export function sealingKeyFile(dataDir: string): string {
  return join(dataDir, 'sealing.key');
}

/**
 * Makes a function that returns the key. It is read on the first call, so that a process that never seals anything
 * needs no data folder.
 */
export function sealingKeySource(config: { readonly secretKey: string | null; readonly dataDir: string }) {
  let key: Promise<SealingKey> | null = null;
  return (): Promise<SealingKey> => {
    key ??= keyOf(config).catch((error: unknown) => {
      // Read again at the next call: somebody may have repaired the file.
      key = null;
      throw error;
    });
    return key;
  };
}

async function keyOf({ secretKey, dataDir }: { secretKey: string | null; dataDir: string }): Promise<SealingKey> {
  return sealingKeyFrom(secretKey ?? (await keptSecret(dataDir)));
}

/** The secret in the data folder from which the key is derived; created if there is none. */
export async function keptSecret(dataDir: string): Promise<string> {
  const path = sealingKeyFile(dataDir);
  const secret = (await contentOf(path)) ?? (await makeSecret(dataDir, path));
  if (SECRET.test(secret)) return secret;
  throw new Error(
    `${path}: expected a sealing key of 64 hexadecimal digits, found something else. Restore a copy of it, or remove ` +
      'it: then a new one is created, and engines that were requested with an environment have to be requested again.',
  );
}

async function contentOf(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Creates the secret. If the API and the worker do so at once, the first one counts, and the file is never seen half
 * written.
 */
async function makeSecret(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return (await contentOf(path)) ?? '';
}

async function publish(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    // Some file systems, for example of network shares, have no links.
    await copyFile(draft, path, constants.COPYFILE_EXCL).catch((failed: unknown) => {
      if (codeOf(failed) !== 'EEXIST') throw failed;
    });
  }
}
