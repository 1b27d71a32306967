import { withDeadline } from '../deadline';

/** Where something listens, as seen from this process. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export function url({ host, port }: Endpoint, path = '/'): URL {
  return new URL(path, `http://${host.includes(':') ? `[${host}]` : host}:${port}`);
}

/** Asks an engine whether it is up. */
export interface EngineApi {
  /** Resolves when the engine's API has answered; rejects with the reason when it has not. */
  answers(endpoint: Endpoint, signal: AbortSignal): Promise<void>;
}

const NETWORK_STATUS = '/server/api?api_version=3&method=get_network_connection_status';
const TIMEOUT_MS = 3_000;

/** AceStream's API. A 401 or 403 still means that it is up. */
export class AceStreamApi implements EngineApi {
  async answers(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const response = await withDeadline(TIMEOUT_MS, signal, async (limit) => {
      const answer = await fetch(url(endpoint, NETWORK_STATUS), { signal: limit });
      await answer.body?.cancel();
      return answer;
    });
    if (!response.ok && response.status !== 401 && response.status !== 403) {
      throw new Error(`the engine's API answers ${response.status}`);
    }
  }
}
