import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { hostAndPort } from '../../lib/addresses';
import { httpWithin, parsedJson } from '../http';

/** The address and port of a listening program, as seen from this process. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export function url({ host, port }: Endpoint, path = '/'): URL {
  return new URL(path, `http://${hostAndPort(host, port)}`);
}

export interface EngineApi {
  /** Resolves when the engine's API has answered; rejects with the reason if it has not. */
  answers(endpoint: Endpoint, signal: AbortSignal): Promise<void>;
  /** Whether the engine reports that it reaches its network, through the VPN; rejects if that can't be found out. */
  connected(endpoint: Endpoint, signal: AbortSignal): Promise<boolean>;
}

const NETWORK_STATUS = '/server/api?api_version=3&method=get_network_connection_status';
const TIMEOUT_MS = 3_000;
const ANSWER_BYTES_AT_MOST = 16 * 1024;

const NetworkStatus = Type.Object({ result: Type.Object({ connected: Type.Boolean() }) });

/** Asks AceStream's API whether it reaches its network. @throws if that can't be found out */
export async function askConnected(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
  const request = { signal, bytesAtMost: ANSWER_BYTES_AT_MOST };
  const answer = await httpWithin(TIMEOUT_MS, url(endpoint, NETWORK_STATUS), request);
  const { ok, text } = answer;
  if (!ok) throw new Error(`the engine's API answers ${answer.status} when asked whether it is connected`);
  const status = parsedJson(text);
  if (Value.Check(NetworkStatus, status)) return status.result.connected;
  throw new Error(`the engine does not say whether it is connected, but ${JSON.stringify(text.slice(0, 60))}`);
}
