import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { hostAndPort } from '../../lib/addresses';
import { answerText } from '../../lib/answer-text';
import { withDeadline } from '../../lib/deadline';

/** Where something listens, as seen from this process. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export function url({ host, port }: Endpoint, path = '/'): URL {
  return new URL(path, `http://${hostAndPort(host, port)}`);
}

export interface EngineApi {
  /** Resolves when the engine's API has answered; rejects with the reason when it has not. */
  answers(endpoint: Endpoint, signal: AbortSignal): Promise<void>;
  /** Whether the engine says that it reaches its network, through the VPN; rejects when that can't be learned. */
  connected(endpoint: Endpoint, signal: AbortSignal): Promise<boolean>;
}

const NETWORK_STATUS = '/server/api?api_version=3&method=get_network_connection_status';
const TIMEOUT_MS = 3_000;
const ANSWER_BYTES_AT_MOST = 16 * 1024;

const NetworkStatus = Type.Object({ result: Type.Object({ connected: Type.Boolean() }) });

/** Asks AceStream's API whether it reaches its network. @throws when that can't be learned */
export async function askConnected(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  const text = await withDeadline(TIMEOUT_MS, signal, async (limit) => {
    const response = await fetch(url(endpoint, NETWORK_STATUS), { signal: limit });
    if (response.ok) return answerText(response, ANSWER_BYTES_AT_MOST);
    await response.body?.cancel();
    throw new Error(`the engine's API answers ${response.status} when asked whether it is connected`);
  });
  const status = parsed(text);
  if (Value.Check(NetworkStatus, status)) return status.result.connected;
  throw new Error(`the engine does not say whether it is connected, but ${JSON.stringify(text.slice(0, 60))}`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
