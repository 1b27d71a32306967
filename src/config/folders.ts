import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** The folder for files that can be downloaded or built again. Deleting it only costs time. */
export function cacheDir(env: Env): string {
  return choose(env['PORTWARD_CACHE_DIR'], env['XDG_CACHE_HOME'], env, '.cache');
}

/** The folder for what has to outlive a restart: the embedded server's database, and the sealing key. */
export function dataDir(env: Env): string {
  return choose(env['PORTWARD_DATA_DIR'], env['XDG_DATA_HOME'], env, join('.local', 'share'));
}

/** An empty variable counts as not set, because Compose passes unset variables on as empty ones. */
function choose(own: string | undefined, xdg: string | undefined, env: Env, underHome: string): string {
  if (own) return resolve(own);
  return resolve(xdg || join(env['HOME'] || homedir(), underHome), 'portward');
}
