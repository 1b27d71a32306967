import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ranked } from '../../simulator/proxy-client-ranking';
import { ProxyRequests } from '../../simulator/proxy-client-requests';
import {
  decoded,
  Engines,
  OrchestratorStatus,
  StreamStates,
  type StrictEngine,
} from '../../simulator/proxy-client-shapes';

// The contract tests rely on this client, so it must notice everything that a real proxy could not handle.

const engine: StrictEngine = {
  container_id: 'a',
  container_name: null,
  host: 'gluetun',
  port: 19_000,
  labels: { 'host.http_port': '19000' },
  forwarded: false,
  first_seen: '2026-01-02T03:04:05.678Z',
  last_seen: '2026-01-02T03:04:05+01:00',
  streams: [],
  health_status: 'healthy',
  last_health_check: null,
  last_stream_usage: null,
  last_cache_cleanup: null,
  cache_size_bytes: null,
  vpn_container: 'gluetun',
};

test('a list as in the contract is accepted, also with a further field', () => {
  expect(decoded(Engines, JSON.stringify([{ ...engine, p2p_port: 5 }]))).toHaveLength(1);
});

test.each(Object.keys(engine))('a list without %s in one engine is refused', (field) => {
  const { [field as keyof StrictEngine]: _, ...rest } = engine;
  expect(() => decoded(Engines, JSON.stringify([engine, rest]))).toThrow(`/1/${field}`);
});

test.each([
  ['a port that is text', { port: '19000' }],
  ['a port with a fraction', { port: 19_000.5 }],
  ['a label that is a number', { labels: { a: 1 } }],
  ['a time without a zone', { first_seen: '2026-01-02T03:04:05' }],
  ['a time in seconds', { last_seen: 1_700_000_000 }],
  ['a health that there is not', { health_status: 'fine' }],
  ['a size that is text', { cache_size_bytes: '5' }],
])('a list with %s is refused', (_what, wrong) => {
  expect(() => decoded(Engines, JSON.stringify([{ ...engine, ...wrong }]))).toThrow("can't be decoded at /0/");
});

test('an object in place of the list, and a status without its parts, are refused', () => {
  expect(() => decoded(Engines, JSON.stringify({ engines: [] }))).toThrow("can't be decoded");
  expect(() => decoded(StreamStates, JSON.stringify([{ id: 'a' }]))).toThrow("can't be decoded");
  expect(() => decoded(OrchestratorStatus, JSON.stringify({ status: 'healthy' }))).toThrow("can't be decoded");
});

const ROOM = 2;
/** Best first: each is better than the next because of the property in its name. */
const IN_ORDER: { name: string; streams: number; change: Partial<StrictEngine> }[] = [
  { name: 'used longer ago', streams: 0, change: { forwarded: true, last_stream_usage: '2026-01-01T00:00:00Z' } },
  { name: 'forwarded', streams: 0, change: { forwarded: true, last_stream_usage: '2026-01-02T00:00:00Z' } },
  { name: 'fewer streams', streams: 0, change: {} },
  { name: 'healthy', streams: 1, change: { forwarded: true } },
  { name: 'with room', streams: 0, change: { health_status: 'unknown', forwarded: true } },
  { name: 'full', streams: ROOM, change: { forwarded: true } },
];

test('engines are ranked by room, health, streams, forwarding and last use, in this order', () => {
  const candidates = IN_ORDER.map(({ name, streams, change }) => ({
    streams,
    engine: { ...engine, container_id: name, ...change },
  }));
  const names = ranked(candidates.toReversed(), ROOM).map((c) => c.engine.container_id);
  expect(names).toEqual(IN_ORDER.map(({ name }) => name));
});

describe('requests', () => {
  let server: Server;
  let requests: ProxyRequests;
  let asked: IncomingMessage[];
  let answer: (response: ServerResponse) => void;

  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(request);
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    requests = new ProxyRequests({ url: `http://127.0.0.1:${port}`, apiKey: 'key' });
  });
  afterEach(() => {
    requests.close();
    server.closeAllConnections();
    server.close();
  });

  const list = { method: 'GET', path: '/engines?a=b', answers: Engines } as const;

  test('each request sends the key and is counted by its route', async () => {
    answer = (response) => response.end('[]');
    await requests.send(list);
    expect(asked[0]?.headers.authorization).toBe('Bearer key');
    expect(requests.byRoute.get('GET /engines')).toEqual({ tried: 1, failed: [] });
  });

  test.each([
    ['201', 201, '[]'],
    ['204', 204, ''],
    ['503', 503, '{"detail":"no"}'],
    ['200 with what is no list', 200, '{}'],
    ['200 with what is not JSON', 200, '<html>'],
  ])('%s is counted as failed', async (_what, status, body) => {
    answer = (response) => response.writeHead(status).end(body);
    await expect(requests.send(list)).rejects.toThrow(/expected 200|decoded|JSON/);
    expect(requests.failures).toHaveLength(1);
  });

  test('a request without an answer in 3 s is given up and counted as failed', async () => {
    answer = () => undefined;
    await expect(requests.send(list)).rejects.toThrow('no answer in 3000 ms');
    expect(requests.failures).toEqual(['GET /engines: no answer in 3000 ms']);
  });

  test('the status poll sends no key and ignores the HTTP status', async () => {
    answer = (response) => response.writeHead(500).end('[]');
    await expect(requests.send({ ...list, statusPoll: true })).resolves.toEqual([]);
    expect(asked[0]?.headers.authorization).toBeUndefined();
    expect(requests.failures).toEqual([]);
  });
});
