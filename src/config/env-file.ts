import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { messageOf } from '../lib/errors';

// Editors and shells of Windows begin files with a byte order mark, or write them in UTF-16. Node's own reader takes the mark for
// the beginning of the first name, and that variable is lost.

const MARK = '\u{FEFF}';

type Environment = Record<string, string | undefined>;

/** Puts the variables of a file into the environment, where those that are set already win. @throws EnvFileError */
export function loadEnvFile(path: string, env: Environment): void {
  const parsed: Environment = parseEnv(textOf(path));
  for (const [name, value] of Object.entries(parsed)) env[unmarked(name)] ??= value;
}

/** Takes the mark off names that others have read from a file, such as `docker run --env-file`. */
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
  // UTF-8 has no such bytes in any text, and UTF-16 has some in every.
  if (bytes.includes(0) || [0xfe, 0xff].includes(bytes[0] ?? 0)) {
    throw new EnvFileError(`${path}: expected UTF-8, found UTF-16; save it anew with the encoding UTF-8`);
  }
  return bytes.toString('utf8');
}

function unmarked(name: string): string {
  return name.replace(MARK, '');
}
