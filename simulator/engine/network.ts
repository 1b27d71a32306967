import { get } from 'node:http';
import type { Surroundings } from '../inside/surroundings';
import { ADMIN_PORT } from '../vpn/messages';

const LIMIT_MS = 1_000;

/** Whether an engine reaches its peers: if there is a simulated VPN in its network, whether the tunnel is alive. */
export function reachesPeers({ loopback, hasNetwork }: Surroundings): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(
      { host: loopback, port: ADMIN_PORT, path: '/tunnel', agent: false, timeout: LIMIT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text.includes('"alive":true')));
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(hasNetwork()));
  });
}
