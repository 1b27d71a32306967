import { TEMPORAL_UI_PATH } from '../domain/names';

/** Neither server nor UI asks anybody for a key, so both are for this machine or container only. */
export const SERVER_IP = '127.0.0.1';

/** Where a server with these ports is found. */
export function embeddedAddresses({ port, uiPort }: { readonly port: number; readonly uiPort: number }) {
  return { address: `${SERVER_IP}:${port}`, uiUrl: `http://${SERVER_IP}:${uiPort}${TEMPORAL_UI_PATH}` };
}
