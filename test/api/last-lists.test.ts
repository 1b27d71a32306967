import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LastLists, lastListsFile, type LastListsOptions } from '../../src/api/reads/last-lists';
import type { VpnLists } from '../../src/gateways/vpn-source';
import { DAY, forwardedEngine, plainEngine } from '../builders';
import { stream } from '../stream-events';

const root = mkdtempSync(join(tmpdir(), 'portward-last-lists-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** One data folder, on which APIs follow one another. */
function folder() {
  const dataDir = join(root, `data${folders++}`);
  const warnings: string[] = [];
  return {
    dataDir,
    file: lastListsFile(dataDir, 'test'),
    warnings,
    api: (change: Partial<LastListsOptions> = {}) =>
      new LastLists({
        dataDir,
        instance: 'test',
        vpns: ['gluetun', 'gluetun2'],
        staleLimitMs: 30_000,
        warn: (message) => warnings.push(message),
        now: () => DAY,
        ...change,
      }),
  };
}

const lists = (version: string): VpnLists => ({
  engines: {
    version,
    engines: [forwardedEngine(19_000, 45_000, { streams: ['a'] }), plainEngine(19_001)],
    hidden: [{ id: 'id-19002', name: 'engine-19002', httpPort: 19_002 }],
    current: true,
  },
  streams: { version: `s${version}`, streams: [stream('a'), stream('b', { endedAt: DAY, endReason: 'stopped' })] },
});

test('the next API knows each VPN as it was known last, and when', async () => {
  const { api, warnings } = folder();
  const first = api();
  first.keep('gluetun', { lists: lists('1'), at: DAY - 5_000 });
  first.keep('gluetun2', { lists: lists('1'), at: DAY - 5_000 });
  first.keep('gluetun', { lists: lists('2'), at: DAY - 1_000 });
  await first.close();
  expect(await api().load()).toEqual(
    new Map([
      ['gluetun', { lists: lists('2'), at: DAY - 1_000 }],
      ['gluetun2', { lists: lists('1'), at: DAY - 5_000 }],
    ]),
  );
  expect(warnings).toEqual([]);
});

test('what the next API has not heard of yet when it is ended is not lost', async () => {
  const { api } = folder();
  const first = api();
  for (const vpn of ['gluetun', 'gluetun2']) first.keep(vpn, { lists: lists('1'), at: DAY - 5_000 });
  await first.close();
  const next = api();
  await next.load();
  next.keep('gluetun2', { lists: lists('2'), at: DAY });
  await next.close();
  expect(await api().load()).toEqual(
    new Map([
      ['gluetun', { lists: lists('1'), at: DAY - 5_000 }],
      ['gluetun2', { lists: lists('2'), at: DAY }],
    ]),
  );
});

test('a first start knows nothing, and that is no reason for a warning', async () => {
  const { api, warnings } = folder();
  expect(await api().load()).toEqual(new Map());
  expect(warnings).toEqual([]);
});

test('what changes is written by itself, once for many changes, and what stays the same is confirmed now and then', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  try {
    const { api, file } = folder();
    const at = () => (JSON.parse(readFileSync(file, 'utf8')) as { vpns: { gluetun: { at: number } } }).vpns.gluetun.at;
    const written = async (expected: number) => {
      while (!existsSync(file) || at() !== expected) await new Promise((resolve) => setImmediate(resolve));
    };
    const first = api();
    first.keep('gluetun', { lists: lists('1'), at: DAY });
    first.keep('gluetun', { lists: lists('2'), at: DAY + 1 });
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(500);
    await written(DAY + 1);
    first.keep('gluetun', { lists: lists('2'), at: DAY + 2 });
    jest.advanceTimersByTime(9_000);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1_000);
    await written(DAY + 2);
    // A change does not wait for the next confirmation.
    first.keep('gluetun', { lists: lists('2'), at: DAY + 3 });
    first.keep('gluetun', { lists: lists('3'), at: DAY + 4 });
    jest.advanceTimersByTime(500);
    await written(DAY + 4);
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('an engine that has left the list leaves the file at once: the next start must not show it again', async () => {
  // No timer rings.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  try {
    const { api } = folder();
    const first = api();
    const before = lists('1');
    const [, ...stay] = before.engines.engines;
    const after = { ...before, engines: { ...before.engines, version: '2', engines: stay } };
    first.keep('gluetun', { lists: before, at: DAY });
    await first.close();
    first.keep('gluetun', { lists: after, at: DAY });
    const written = async () => (await api().load()).get('gluetun')?.lists.engines.version;
    while ((await written()) !== '2') await new Promise((resolve) => setImmediate(resolve));
    expect((await api().load()).get('gluetun')?.lists).toEqual(after);
  } finally {
    jest.useRealTimers();
  }
});

test('nothing is given that is older than the stale limit, or from a time that is yet to come, or of a VPN that is not configured', async () => {
  const { api, warnings } = folder();
  const first = api();
  first.keep('gluetun', { lists: lists('1'), at: DAY - 30_001 });
  first.keep('gluetun2', { lists: lists('1'), at: DAY });
  await first.close();
  expect([...(await api().load()).keys()]).toEqual(['gluetun2']);
  expect([...(await api({ now: () => DAY - 1 }).load()).keys()]).toEqual(['gluetun']);
  expect([...(await api({ vpns: ['gluetun3', 'constructor'] }).load()).keys()]).toEqual([]);
  expect(warnings).toEqual([]);
});

test.each([
  ['is cut off', (text: string) => text.slice(0, -40)],
  ['is of another format', (text: string) => text.replace('"format":1', '"format":2')],
  ['has an engine on no port', (text: string) => text.replace('"httpPort":19001', '"httpPort":0')],
  ['lacks a field', (text: string) => text.replace('"cutOff":false,', '')],
  ['is empty', () => ''],
  ['is a foreign one', () => '{"secret":"of somebody else"}'],
])(
  'a file that %s is done without, with one warning that says nothing of its content, and is replaced',
  async (_, damage) => {
    const { api, file, warnings } = folder();
    const first = api();
    first.keep('gluetun', { lists: lists('1'), at: DAY });
    await first.close();
    writeFileSync(file, damage(readFileSync(file, 'utf8')));
    const next = api();
    expect(await next.load()).toEqual(new Map());
    expect(warnings).toEqual([expect.stringContaining(file)]);
    expect(warnings.join('')).not.toContain('somebody');
    next.keep('gluetun', { lists: lists('2'), at: DAY });
    await next.close();
    expect((await api().load()).get('gluetun')?.lists).toEqual(lists('2'));
    expect(warnings).toHaveLength(1);
  },
);

test('it is for its owner alone, and no draft of it stays behind', async () => {
  const { api, dataDir, file } = folder();
  const first = api();
  first.keep('gluetun', { lists: lists('1'), at: DAY });
  await first.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['last-lists-test.json']);
});

test('where it can not be written the API goes on, and says so once until it can', async () => {
  const { api, dataDir, file, warnings } = folder();
  // Nothing can be put in the place of a folder that is not empty.
  mkdirSync(join(file, 'in the way'), { recursive: true });
  const first = api();
  for (const version of ['1', '2']) {
    first.keep('gluetun', { lists: lists(version), at: DAY });
    await first.close();
  }
  expect(warnings).toEqual([expect.stringContaining("can't be saved")]);
  expect(readdirSync(dataDir)).toEqual(['last-lists-test.json']);
  rmSync(file, { recursive: true });
  first.keep('gluetun', { lists: lists('3'), at: DAY });
  await first.close();
  expect((await api().load()).get('gluetun')?.lists).toEqual(lists('3'));
});
