import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerJson, isRecord, listener, readJson, RefusedRequest, target } from '../inside/json-exchange';
import type { Surroundings } from '../inside/surroundings';
import type { PortsGiven } from './ports-given';
import { reachesPeers } from './network';
import { statistics, Streams } from './streams';

const VERSION = '3.2.3-simulated';
/** Docker's exit code for a process that was killed, for example for want of memory. */
const CRASH_EXIT_CODE = 137;

export type EngineApiParts = {
  ports: PortsGiven;
  startedAt: number;
  /** Which requests get no answer: all, none, or the next so many. */
  hang: boolean | number;
  /** Its answer about its network; null: the true state. */
  connected: boolean | null;
  stopBehaviour: string;
  /** Simulates another program than AceStream, which answers only one path, with this status. */
  otherProgram: OtherProgram | null;
};

export type OtherProgram = { path: string; status: number };

/** The part of the engine's HTTP API that Portward and proxies use, and the simulator's own routes `/simulator/…`. */
export function createEngineApi(parts: EngineApiParts, around: Surroundings): RequestListener {
  const streams = new Streams();
  let { hang, connected } = parts;
  return listener(async (request, response) => {
    const { path, query } = target(request);
    if (path === '/simulator/hang' && request.method === 'PUT') {
      const body = await readJson(request);
      hang = isRecord(body) && isCount(body.hang) ? body.hang : parseFlag('hang', body);
      answerJson(response, 200, { hang });
      return;
    }
    if (path === '/simulator/connected' && request.method === 'PUT') {
      const body = await readJson(request);
      connected = isRecord(body) && body.connected === null ? null : parseFlag('connected', body);
      answerJson(response, 200, { connected });
      return;
    }
    if (path === '/simulator/crash' && request.method === 'PUT') {
      answerJson(response, 200, { crashed: true });
      setImmediate(() => around.exit(CRASH_EXIT_CODE));
      return;
    }
    if (path === '/simulator/state') {
      const { ports, startedAt, stopBehaviour } = parts;
      const uptimeMs = Date.now() - startedAt;
      const { clients } = streams;
      answerJson(response, 200, { ports, startedAt, uptimeMs, hang, connected, stopBehaviour, clients });
      return;
    }
    // Accept the request and never answer it.
    if (hang === true) return;
    if (hang !== false && hang > 0) {
      hang--;
      return;
    }
    if (parts.otherProgram !== null) {
      if (path !== parts.otherProgram.path) throw new RefusedRequest(404, `no route ${request.method} ${path}`);
      answerJson(response, parts.otherProgram.status, {});
      return;
    }
    const says = connected;
    const isConnected = async (): Promise<boolean> => says ?? reachesPeers(around);
    if (!(await answerService(path, query, isConnected, response)) && !answerStream(streams, request, response)) {
      throw new RefusedRequest(404, `no route ${request.method} ${path}`);
    }
  });
}

async function answerService(
  path: string,
  query: URLSearchParams,
  isConnected: () => Promise<boolean>,
  response: ServerResponse,
): Promise<boolean> {
  if (path !== '/server/api' && path !== '/webui/api/service') return false;
  switch (query.get('method')) {
    case 'get_network_connection_status':
      answerJson(response, 200, { result: { connected: await isConnected() } });
      return true;
    case 'get_version': {
      const body = { result: { code: 3020300, platform: 'linux', version: VERSION }, error: null };
      const callback = query.get('callback');
      if (callback === null) answerJson(response, 200, body);
      else response.writeHead(200, { 'content-type': 'text/javascript' }).end(`${callback}(${JSON.stringify(body)})`);
      return true;
    }
    default:
      answerJson(response, 200, { error: 'unknown method' });
      return true;
  }
}

/** `/ace/getstream` plays; with `format=json` it answers with the URLs for playing, statistics and stopping. */
function answerStream(streams: Streams, request: IncomingMessage, response: ServerResponse): boolean {
  const { path, query } = target(request);
  if (path === '/ace/getstream') {
    const content = query.get('id') ?? query.get('infohash') ?? query.get('url');
    if (content === null) throw new RefusedRequest(400, 'expected id, infohash or url in the query');
    const session = streams.open(content);
    if (query.get('format') === 'json') {
      answerJson(response, 200, { response: sessionUrls(request, session.id, content), error: null });
    } else streams.play(session, response);
    return true;
  }
  const [, action, id] = /^\/ace\/(r|stat|cmd)\/([^/]+)$/.exec(path) ?? [];
  if (action === undefined || id === undefined) return false;
  const session = streams.find(id);
  if (session === undefined) answerJson(response, 200, { response: null, error: 'unknown playback session id' });
  else if (action === 'r') streams.play(session, response);
  else if (action === 'stat') answerJson(response, 200, { response: statistics(session), error: null });
  else {
    if (query.get('method') === 'stop') streams.close(id);
    answerJson(response, 200, { response: 'ok', error: null });
  }
  return true;
}

function sessionUrls(request: IncomingMessage, id: string, infohash: string): Record<string, unknown> {
  const base = `http://${request.headers.host ?? 'localhost'}/ace`;
  return {
    playback_url: `${base}/r/${id}`,
    stat_url: `${base}/stat/${id}`,
    command_url: `${base}/cmd/${id}`,
    playback_session_id: id,
    infohash,
    is_live: 1,
    is_encrypted: 0,
    client_session_id: -1,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function parseFlag(name: string, body: unknown): boolean {
  const value = isRecord(body) ? body[name] : undefined;
  if (typeof value === 'boolean') return value;
  throw new RefusedRequest(400, `expected {${name}: true|false}, found ${JSON.stringify(body)}`);
}
