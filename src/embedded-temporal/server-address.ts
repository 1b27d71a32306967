import { TEMPORAL_UI_PATH } from '../temporal/ui-path';
import type { ListeningPlace } from '../lib/listening-port';

/** Neither server nor UI asks anybody for a key, so both are for this machine or container only. */
export const SERVER_IP = '127.0.0.1';

interface Ports {
  readonly port: number;
  readonly uiPort: number;
}

/** Where a server with these ports listens. */
export function serverPlaces({ port, uiPort }: Ports): ListeningPlace[] {
  return [
    { port, what: 'the Temporal server', portSetting: 'PORTWARD_TEMPORAL_PORT', host: SERVER_IP, hostSetting: null },
    {
      port: uiPort,
      what: 'the Temporal UI',
      portSetting: 'PORTWARD_TEMPORAL_UI_PORT',
      host: SERVER_IP,
      hostSetting: null,
    },
  ];
}

/** Where a server with these ports is found. */
export function embeddedAddresses({ port, uiPort }: Ports) {
  return { address: `${SERVER_IP}:${port}`, uiUrl: `http://${SERVER_IP}:${uiPort}${TEMPORAL_UI_PATH}` };
}
