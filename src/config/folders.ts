import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** What can be fetched or built again: deleting it costs time, never state. */
export function cacheDir(env: Env): string {
  return choose(env['PORTWARD_CACHE_DIR'], env['XDG_CACHE_HOME'], env, '.cache');
}

/** What must outlive a restart: the embedded server's database, the sealing key. */
export function dataDir(env: Env): string {
  return choose(env['PORTWARD_DATA_DIR'], env['XDG_DATA_HOME'], env, join('.local', 'share'));
}

/** An empty variable counts as absent, because Compose passes unset ones on as empty. */
function choose(own: string | undefined, xdg: string | undefined, env: Env, underHome: string): string {
  if (own) return resolve(own);
  return resolve(xdg || join(env['HOME'] || homedir(), underHome), 'portward');
}
