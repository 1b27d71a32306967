import { closeSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundServerLog, lastLines, openServerLog, sizeOf } from '../../src/embedded-temporal/server-log';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portward-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the log of a running server is limited: a full one is emptied, and one older file is kept', () => {
  const path = join(folder, 'temporal.log');
  const server = openServerLog(path);
  try {
    for (let round = 0; round < 5; round++) {
      writeSync(server, `round ${round}\n`.repeat(100));
      boundServerLog(path, 500);
      expect(sizeOf(path)).toBe(0);
    }
    writeSync(server, 'the end\n');
    boundServerLog(path, 500);
    expect(readFileSync(path, 'utf8')).toBe('the end\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('round 4\n'.repeat(100));
    expect(lastLines(path, 0)).toBe('the end');
  } finally {
    closeSync(server);
  }
});
