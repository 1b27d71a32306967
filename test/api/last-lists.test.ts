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

/** A data folder that one API process after another uses. */
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

test('the next process loads the last lists of each VPN, with their times', async () => {
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

test('lists of VPNs that have not answered yet stay in the file when the process ends', async () => {
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

test('without a file nothing is loaded, and there is no warning', async () => {
  const { api, warnings } = folder();
  expect(await api().load()).toEqual(new Map());
  expect(warnings).toEqual([]);
});

test('several changes are written together after 0.5 s, and unchanged lists are written again after 10 s', async () => {
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

test('when an engine has left the list, the file is written at once, so that the next process does not show it', async () => {
  // The timers do not fire.
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

test('lists are not loaded if they are older than the stale limit, from the future, or of a VPN that is not configured', async () => {
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
  ['has other content', () => '{"secret":"of somebody else"}'],
])('a file that %s is ignored and overwritten, with one warning that does not quote it', async (_, damage) => {
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
});

test('only the owner can read the file, and no temporary file is left behind', async () => {
  const { api, dataDir, file } = folder();
  const first = api();
  first.keep('gluetun', { lists: lists('1'), at: DAY });
  await first.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['last-lists-test.json']);
});

test("if the file can't be written, the API goes on, and warns only once", async () => {
  const { api, dataDir, file, warnings } = folder();
  // A file can't be renamed to the path of a folder that is not empty.
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
