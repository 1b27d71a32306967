import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../src/lib/run-command';
import { messageOf } from '../src/lib/errors';

/** The release of schemathesis, which fuzzes an HTTP API from its OpenAPI document. It is a Python program, so npm can't install it. */
const VERSION = '4.32.5';
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

/**
 * The path of schemathesis, in a Python environment of its own in the cache folder. Installs it there if it is missing.
 * @throws Error that says what is missing for the installation
 */
export async function schemathesis(cacheDir: string, say: (text: string) => void): Promise<string> {
  const folder = join(cacheDir, `schemathesis-${VERSION}`);
  const bin = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const program = join(bin, 'schemathesis');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return program;
  say(`installing schemathesis ${VERSION} from PyPI into ${folder} (once, about 20 s)`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(cacheDir, { recursive: true });
  try {
    await runCommand(PYTHON, ['-m', 'venv', folder]);
    await runCommand(join(bin, 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const reason = messageOf(error);
    throw new Error(`schemathesis needs Python 3.10 or later with venv, and PyPI. ${reason}`, { cause: error });
  }
  // This comes last, so that an interrupted installation does not count.
  await mkdir(complete);
  return program;
}
