import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEnvFile, unmarkNames } from '../../src/config/env-file';

const MARK = '\u{FEFF}';

const folder = mkdtempSync(join(tmpdir(), 'portward-env-'));
afterAll(() => rmSync(folder, { recursive: true }));

function loaded(content: string | Buffer, env: Record<string, string | undefined> = {}) {
  const file = join(folder, '.env');
  writeFileSync(file, content);
  loadEnvFile(file, env);
  return env;
}

test.each([
  ['a byte order mark', `${MARK}API_KEY=k\nAPP_PORT=1`],
  ['Windows line ends', 'API_KEY=k\r\n\r\nAPP_PORT=1\r\n'],
  ['both', `${MARK}API_KEY=k\r\nAPP_PORT=1`],
  ['two files in one, each with a byte order mark', `${MARK}API_KEY=k\n${MARK}APP_PORT=1\n`],
  ['export, quotes, blanks and comments', `# for a shell, too\nexport API_KEY="k" # mine\n APP_PORT = '1' \n`],
])('a file with %s loses no variable', (_what, content) => {
  expect(loaded(content)).toEqual({ API_KEY: 'k', APP_PORT: '1' });
});

test('variables that are already set override the file', () => {
  expect(loaded('API_KEY=file\nAPP_PORT=1', { API_KEY: 'set' })).toEqual({ API_KEY: 'set', APP_PORT: '1' });
});

test.each([
  ['with a byte order mark', Buffer.from(`${MARK}API_KEY=k`, 'utf16le')],
  ['without', Buffer.from('API_KEY=k', 'utf16le')],
  ['big-endian', Buffer.from(`${MARK}API_KEY=k`, 'utf16le').swap16()],
])('a file in UTF-16, %s, is refused with the remedy', (_what, content) => {
  expect(() => loaded(content)).toThrow(/\.env: expected UTF-8, found UTF-16; save it with the encoding UTF-8/);
});

test('a file that can not be read is refused with the reason', () => {
  expect(() => loadEnvFile(folder, {})).toThrow(/can't be read: EISDIR/);
});

test('a byte order mark that another reader has left on a name is removed, and a name without it takes precedence', () => {
  const env = { [`${MARK}API_KEY`]: 'k', [`${MARK}APP_PORT`]: '1', APP_PORT: '2' };
  unmarkNames(env);
  expect(env).toEqual({ API_KEY: 'k', APP_PORT: '2' });
});

describe('the program', () => {
  const main = join(__dirname, '..', '..', 'dist', 'src', 'main.js');
  const start = (content: string | Buffer, env: Record<string, string> = {}) => {
    writeFileSync(join(folder, '.env'), content);
    return spawnSync(process.execPath, [main, 'start'], { cwd: folder, encoding: 'utf8', env });
  };

  test('reads the first variable of a file with a byte order mark, and refuses a key that no client can send', () => {
    const { status, stderr } = start(`${MARK}API_KEY=schlüssel\r\nGLUETUN_CONTAINER_NAME=gluetun\r\n`);
    expect(stderr).toContain('API_KEY: expected printable ASCII characters');
    expect(stderr).not.toContain('schl');
    expect(status).toBe(2);
  });

  test('reads a variable whose name has a byte order mark', () => {
    expect(start('GLUETUN_CONTAINER_NAME=gluetun', { [`${MARK}APP_PORT`]: 'eighty' }).stderr).toContain('APP_PORT');
  });

  test('refuses a file in UTF-16', () => {
    const { status, stderr } = start(Buffer.from('API_KEY=k', 'utf16le'));
    expect(stderr).toContain('found UTF-16');
    expect(status).toBe(2);
  });
});
