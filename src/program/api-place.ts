import type { Config } from '../config/config';
import type { ListeningPlace } from '../lib/listening-port';

export function apiPlace({ api: { host, port } }: Config): ListeningPlace {
  return { host, port, what: 'the API', portSetting: 'APP_PORT', hostSetting: 'APP_HOST' };
}
