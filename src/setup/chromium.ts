import { findOnPath, isExecutable } from '../lib/path-search';
import type { Log } from '../embedded-temporal/log';
import type { Machine } from './machine';
import { messageOf } from '../lib/errors';

type Env = Readonly<Record<string, string | undefined>>;

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const ON_A_MAC = ['Chromium', 'Google Chrome'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
const PACKAGES = ['chromium', 'fonts-dejavu-core'];

export const CHROMIUM_ADVICE =
  'Chromium, in which the page is tested, is missing: install it (Debian: sudo apt-get install chromium), or set CHROMIUM to its path';

/** The browser in which the page is tested and its pictures are made; undefined if there is none. */
export function findChromium(env: Env): string | undefined {
  if (env['CHROMIUM']) return isExecutable(env['CHROMIUM']) ? env['CHROMIUM'] : undefined;
  return NAMES.map((name) => findOnPath(name, env)).find((path) => path !== undefined) ?? ON_A_MAC.find(isExecutable);
}

/** Installs Chromium as root on Debian. Elsewhere, or if that fails, tests that need it are skipped. */
export async function ensureChromium(machine: Machine, env: Env, log: Log): Promise<void> {
  if (findChromium(env) !== undefined) return;
  if (!machine.isRoot || !machine.hasProgram('apt-get')) {
    log.warn(`Chromium: ${CHROMIUM_ADVICE}`);
    return;
  }
  log.info('Chromium: installing with apt-get (about 30–90 s)');
  const args = ['install', '-y', '--no-install-recommends', ...PACKAGES];
  try {
    // Package lists may be old or missing.
    await machine.run('apt-get', args).catch(async () => {
      await machine.run('apt-get', ['update']);
      await machine.run('apt-get', args);
    });
  } catch (error) {
    log.warn(`Chromium could not be installed, so its tests are skipped: ${messageOf(error)}`);
  }
}
