import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { messageOf } from '../lib/errors';

// Editors and shells of Windows write a byte order mark at the beginning of files, or write them in UTF-16. Node.js
// would read the mark as a part of the first name, and that variable would be lost.

const MARK = '\u{FEFF}';

type Environment = Record<string, string | undefined>;

/**
 * Adds the variables of a file to the environment. Variables that are already set stay as they are.
 * @throws EnvFileError
 */
export function loadEnvFile(path: string, env: Environment): void {
  const parsed: Environment = parseEnv(textOf(path));
  for (const [name, value] of Object.entries(parsed)) env[unmarked(name)] ??= value;
}

/** Removes the mark from names that another program has read from a file, such as `docker run --env-file`. */
export function unmarkNames(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(MARK)) continue;
    env[unmarked(name)] ??= value;
    delete env[name];
  }
}

export class EnvFileError extends Error {
  override readonly name = 'EnvFileError';
}

function textOf(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new EnvFileError(`${path} can't be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (isUtf16(bytes)) {
    throw new EnvFileError(`${path}: expected UTF-8, found UTF-16; save it with the encoding UTF-8`);
  }
  return bytes.toString('utf8');
}

/** Whether bytes are text in UTF-16: it always has bytes that UTF-8 text never has. */
export function isUtf16(bytes: Buffer): boolean {
  return bytes.includes(0) || [0xfe, 0xff].includes(bytes[0] ?? 0);
}

function unmarked(name: string): string {
  return name.replace(MARK, '');
}
