import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium, findChromium } from '../../src/setup/chromium';
import type { Machine } from '../../src/setup/machine';

const INSTALL = 'apt-get install -y --no-install-recommends chromium fonts-dejavu-core';

let folder: string;
const said: string[] = [];
const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chromium-'));
  said.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  chmodSync(path, 0o755);
  return path;
}

/** A fake Debian on which the `failing` commands fail. */
function machine({ isRoot = true, failing = [] as string[] } = {}): Machine & { readonly did: string[] } {
  const did: string[] = [];
  return {
    did,
    platform: 'linux',
    isRoot,
    dockerHost: undefined,
    hasSystemd: false,
    hasProgram: (name) => name === 'apt-get',
    whyNoDocker: async () => undefined,
    run: async (command, args) => {
      const whole = [command, ...args].join(' ');
      did.push(whole);
      if (failing[0] === whole) throw new Error(`${failing.shift()} failed`);
    },
    startDetached: () => ({ hasEnded: () => false, lastLines: () => '' }),
  };
}

test('a browser is found by its name on PATH, or where CHROMIUM says', () => {
  expect(findChromium({ PATH: folder, CHROMIUM: '' })).toBeUndefined();
  const chrome = program('google-chrome');
  expect(findChromium({ PATH: folder })).toBe(chrome);
  const chromium = program('chromium');
  expect(findChromium({ PATH: folder })).toBe(chromium);
  expect(findChromium({ PATH: folder, CHROMIUM: chrome })).toBe(chrome);
  expect(findChromium({ PATH: folder, CHROMIUM: join(folder, 'nothing') })).toBeUndefined();
});

test('an installed browser is used, without a log line', async () => {
  program('chromium');
  const debian = machine();
  await ensureChromium(debian, { PATH: folder }, log);
  expect([debian.did, said]).toEqual([[], []]);
});

test('for root on Debian it is installed, with new package lists if the old ones lack it', async () => {
  const debian = machine({ failing: [INSTALL] });
  await ensureChromium(debian, { PATH: folder }, log);
  expect(debian.did).toEqual([INSTALL, 'apt-get update', INSTALL]);
});

test('other users are told what to install, and a failed installation stops nothing', async () => {
  const user = machine({ isRoot: false });
  await ensureChromium(user, { PATH: folder }, log);
  expect(user.did).toEqual([]);
  expect(said).toEqual([expect.stringContaining('sudo apt-get install chromium')]);
  await ensureChromium(machine({ failing: [INSTALL, 'apt-get update'] }), { PATH: folder }, log);
  expect(said.at(-1)).toMatch(/could not be installed, so its tests are skipped: apt-get update failed/);
});
