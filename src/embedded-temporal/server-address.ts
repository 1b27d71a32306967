import { TEMPORAL_UI_PATH } from '../temporal/ui-path';
import type { ListeningPlace } from '../lib/listening-port';

/** Neither the server nor its UI asks for a key, so both listen on loopback only. */
export const SERVER_IP = '127.0.0.1';

interface Ports {
  readonly port: number;
  readonly uiPort: number;
}

/** The addresses at which a server with these ports listens. */
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

/** The addresses at which a server with these ports is reached. */
export function embeddedAddresses({ port, uiPort }: Ports) {
  return { address: `${SERVER_IP}:${port}`, uiUrl: `http://${SERVER_IP}:${uiPort}${TEMPORAL_UI_PATH}` };
}
