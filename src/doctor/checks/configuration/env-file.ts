import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isUtf16 } from '../../../config/env-file';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

/** The file `.env` on the disk. */
export interface EnvFileFacts {
  readonly bytes: Buffer;
  /** Permission bits; null if the system has none. */
  readonly mode: number | null;
}

export function envFile({ folder }: Site): Check {
  const path = join(folder, '.env');
  return {
    id: 'configuration.env-file',
    title: '.env',
    vpn: null,
    look: async () => judgeEnvFile(path, facts(path)),
  };
}

function facts(path: string): EnvFileFacts | null {
  try {
    return { bytes: readFileSync(path), mode: process.platform === 'win32' ? null : statSync(path).mode & 0o777 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const UTF_8_MARK = Buffer.from('\uFEFF');
const SECRET_NAME = /KEY|PASSWORD|SECRET|TOKEN|NOTIFY_URL/;
const FOR_OTHERS = 0o077;

export function judgeEnvFile(path: string, found: EnvFileFacts | null): Finding | readonly Finding[] {
  if (found === null) return ok(`there is no file ${path}; all variables come from the environment`);
  const { bytes, mode } = found;
  if (isUtf16(bytes))
    return wrong(`${path} is UTF-16`, 'Portward can read nothing of it', 'save it with the encoding UTF-8');
  const text = bytes.toString('utf8');
  const findings: Finding[] = [];
  if (bytes.subarray(0, 3).equals(UTF_8_MARK))
    findings.push(
      warning(
        `${path} begins with a byte order mark`,
        'Portward ignores it, but a shell and older releases of Docker Compose read it as a part of the first name',
        'save it as UTF-8 without a mark (in Notepad "UTF-8", not "UTF-8 with BOM")',
      ),
    );
  const cut = namesCutAtHash(text);
  if (cut.length > 0)
    findings.push(
      warning(
        `in ${path} a # stands in the middle of ${cut.join(', ')}`,
        'the rest of the value counts as a comment',
        `put the whole value in quotes: ${cut[0]}='…#…'`,
      ),
    );
  if (mode !== null && (mode & FOR_OTHERS) !== 0 && holdsSecrets(text))
    findings.push(
      warning(`${path} holds keys, and other users of this machine can read it`, null, `chmod 600 ${path}`),
    );
  return findings.length > 0 ? findings : ok(`${path} is read as it is meant`);
}

function linesOf(text: string): { readonly name: string; readonly value: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, value }];
  });
}

/** A # after a blank begins a comment for every program, and is not reported. */
function namesCutAtHash(text: string): string[] {
  return linesOf(text)
    .filter(({ value }) => !/^['"`]/.test(value) && /[^\s#]#/.test(value.split(/\s#/)[0] ?? ''))
    .map(({ name }) => name);
}

function holdsSecrets(text: string): boolean {
  return linesOf(text).some(({ name, value }) => SECRET_NAME.test(name) && value !== '');
}
