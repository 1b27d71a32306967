import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from '../../src/program/log-file';

const KEPT = 1_000;

let folder: string;
let path: string;
const errors: string[] = [];

beforeEach(() => {
  errors.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'portward-log-'));
  path = join(folder, 'logs', 'portward.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new LogFile(path, (why) => errors.push(why), KEPT);

const lines = (of: string) => readFileSync(of, 'utf8').trim().split('\n');

test('takes up twice its limit at most, however much is written, and has the newest lines', () => {
  const log = open();
  for (let i = 0; i < 500; i++) log.write(`${JSON.stringify({ i })}\n`);
  expect(readdirSync(join(folder, 'logs')).toSorted()).toEqual(['portward.jsonl', 'portward.jsonl.1']);
  for (const file of [path, `${path}.1`]) expect(statSync(file).size).toBeLessThanOrEqual(KEPT);
  const kept = [...lines(`${path}.1`), ...lines(path)].map((line) => (JSON.parse(line) as { i: number }).i);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 500 - kept.length + i));
  expect(errors).toEqual([]);
});

test('goes on with what an earlier run wrote', () => {
  open().write(`${'a'.repeat(600)}\n`);
  const log = open();
  log.write(`${'b'.repeat(300)}\n`);
  expect(lines(path)).toHaveLength(2);
  log.write(`${'c'.repeat(300)}\n`);
  expect(lines(path)).toEqual(['c'.repeat(300)]);
  expect(lines(`${path}.1`)).toHaveLength(2);
});

test('a write error is reported once, and later lines are written when that works again', () => {
  mkdirSync(path, { recursive: true });
  const log = open();
  log.write('lost\n');
  log.write('lost\n');
  expect(errors).toEqual([expect.stringContaining('EISDIR')]);
  rmSync(path, { recursive: true });
  log.write('kept\n');
  expect(lines(path)).toEqual(['kept']);
});
