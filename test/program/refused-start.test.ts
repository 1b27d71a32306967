import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs the program with only that environment. */
function start(env: Readonly<Record<string, string>>) {
  const main = join(__dirname, '..', '..', 'dist', 'src', 'main.js');
  return spawnSync(process.execPath, [main, 'start'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
}

test('wrong configuration ends with code 2 and all mistakes in one message, before anything is started', () => {
  const { status, stderr, stdout } = start({ APP_PORT: 'eighty', PULL_POLICY: 'often', VPN_MODE: 'redundant' });
  expect(status).toBe(2);
  for (const name of ['APP_PORT', 'PULL_POLICY', 'GLUETUN_CONTAINER_NAME']) expect(stderr).toContain(name);
  expect(stdout).toBe('');
});

test('an APP_PORT that another program has ends Portward before anything is started', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const APP_PORT = String((other.address() as AddressInfo).port);
  const PORTWARD_DATA_DIR = join(mkdtempSync(join(tmpdir(), 'portward-')), 'data');
  const { status, stderr, stdout } = start({ GLUETUN_CONTAINER_NAME: 'gluetun', APP_PORT, PORTWARD_DATA_DIR });
  other.close();
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`Port ${APP_PORT} for the API is taken by another program:`);
  expect(existsSync(PORTWARD_DATA_DIR)).toBe(false);
});
