// The page's files, and the stream with its data. Over real HTTP, because Fastify's `inject` waits for the end of an answer, and the
// stream never ends.
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { PageEvents } from '../../src/api/page/state';
import { noPort } from '../../src/workflows/vpn/data';
import { stream } from '../stream-events';
import { until } from '../simulator/until';
import { forwardedEngine, observeProgress, plainEngine, vpnStatus, vpnSettings } from '../builders';
import { api, AT_ONCE, closeAll } from './api-under-test';
import { EventClient } from './event-client';
import { portChanges } from './port-changes';
import { VpnStandIn } from './vpn-stand-in';

let vpn: VpnStandIn;
const clients: EventClient[] = [];

beforeEach(() => {
  vpn = new VpnStandIn('gluetun');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await closeAll();
});

/** Sets the status of the VPN, and counts the queries for it. */
function setStatus(change: Parameters<typeof vpnStatus>[0]): { asked: number } {
  const questions = { asked: 0 };
  vpn.answerStatus = async () => {
    questions.asked++;
    return vpnStatus({ settings: vpnSettings({ vpn: 'gluetun' }), ...change });
  };
  vpn.grow();
  return questions;
}

async function listening(options: Parameters<typeof api>[1] = {}): Promise<FastifyInstance> {
  const server = await api([vpn], options);
  await server.listen({ host: '127.0.0.1', port: 0 });
  return server;
}

async function open(server: FastifyInstance): Promise<EventClient> {
  const { port } = server.server.address() as AddressInfo;
  const client = await EventClient.open(`http://127.0.0.1:${port}/page/stream`);
  clients.push(client);
  return client;
}

function received<E extends keyof PageEvents>(client: EventClient, event: E): PageEvents[E][] {
  return client.events.filter((e) => e.event === event).map(({ data }) => data as unknown as PageEvents[E]);
}

function countOf({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

test.each(['/', '/panel', '/panel/'])(
  'the page is at %s, may load files of this server only, and is not cached',
  async (url) => {
    const { statusCode, headers, body } = await (await api([vpn])).inject(url);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self'/),
    });
    expect(headers['content-security-policy']).not.toContain('unsafe');
    const addresses = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
    expect(addresses.length).toBeGreaterThan(2);
    expect(addresses.filter((address) => !address.startsWith('/assets/'))).toEqual([]);
  },
);

test("the page's files are cached for ever and compressed, and a missing file is a 404", async () => {
  const server = await api([vpn]);
  const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec((await server.inject('/')).body) ?? [];
  const plain = await server.inject(script);
  const packed = await server.inject({ url: script, headers: { 'accept-encoding': 'gzip, br' } });
  expect(plain.headers).toMatchObject({
    'content-type': expect.stringContaining('javascript'),
    'cache-control': 'public, max-age=31536000, immutable',
  });
  expect(packed.headers).toMatchObject({ 'content-encoding': 'br', vary: expect.stringMatching(/accept-encoding/i) });
  expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
  for (const url of ['/assets/nothing.js', '/assets/', '/assets/../index.html', '/assets/%2e%2e/index.html']) {
    const { statusCode, headers } = await server.inject(url);
    expect([url, statusCode, headers['content-type']]).toEqual([url, 404, 'application/json; charset=utf-8']);
  }
});

test('a page first receives the whole state, and then each VPN that changes', async () => {
  setStatus({ engines: [forwardedEngine(19_000, 65_290)], events: portChanges(1, 2) });
  const server = await listening({ access: { keys: ['k'] } });
  const client = await open(server);
  await until('the VPN', () => received(client, 'events').length === 1);
  expect(client.events.map(({ event }) => event)).toEqual(['hello', 'vpn', 'events']);
  expect(received(client, 'hello')[0]).toMatchObject({
    instance: 'test',
    vpns: ['gluetun'],
    temporalUi: null,
    build: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
  expect(received(client, 'vpn')[0]).toMatchObject({
    name: 'gluetun',
    forwarded_port: 65_290,
    engines: [{ phase: 'ready' }],
  });
  expect(received(client, 'events')[0]).toMatchObject([{ event: 'port_changed' }, { event: 'port_changed' }]);

  setStatus({ port: { ...noPort, last: 40_648 }, engines: [plainEngine(19_001)], events: portChanges(1, 3) });
  await until('the change', () => received(client, 'events').length === 2);
  expect(received(client, 'vpn')[1]).toMatchObject({ forwarded_port: 40_648, forwarding: 'replacing' });
  expect(received(client, 'events')[1]).toHaveLength(1);
});

test('the workflow is queried once for all pages, not again while nothing changes, and not at all while no page is open', async () => {
  const questions = setStatus({});
  const server = await listening();
  const [first, second] = [await open(server), await open(server)];
  await until('both', () => received(first, 'vpn').length === 1 && received(second, 'vpn').length === 1);
  const third = await open(server);
  await until('one that comes later', () => received(third, 'vpn').length === 1);
  expect(questions.asked).toBe(1);
  for (const client of [first, second, third]) client.close();
  await until('nobody left', () => countOf(server).then((connections) => connections === 0));
  const again = setStatus({ engines: [] });
  const { port } = server.server.address() as AddressInfo;
  // A query would be sent before this request is answered.
  await fetch(`http://127.0.0.1:${port}/engines`);
  expect(again.asked).toBe(0);
});

test('changes of streams are shown without a query; any other change causes a query', async () => {
  const engine = forwardedEngine(19_000, 65_290);
  const questions = setStatus({ engines: [engine] });
  vpn.list(engine);
  const client = await open(await listening());
  await until('the VPN', () => received(client, 'vpn').length === 1);
  expect(questions.asked).toBe(1);
  vpn.play(stream('a'), stream('b'));
  await until('two streams', () => received(client, 'vpn').at(-1)?.streams.length === 2);
  vpn.play(stream('b'));
  await until('one stream', () => received(client, 'vpn').at(-1)?.streams.length === 1);
  expect(received(client, 'vpn').at(-1)).toMatchObject({ forwarded_port: 65_290, engines: [{ p2pPort: 65_290 }] });
  expect(questions.asked).toBe(1);
  vpn.grow({ onlySignals: ['replaceEngine'] });
  await until('another question', () => questions.asked === 2);
  vpn.grow({ onlySignals: null });
  await until('one more', () => questions.asked === 3);
});

test('a VPN that no longer answers is marked, and its last known state stays', async () => {
  setStatus({});
  const client = await open(await listening({ reads: { lagMs: AT_ONCE } }));
  await until('the VPN', () => received(client, 'vpn').length === 1);
  vpn.fail();
  await until('the mark', () => received(client, 'vpn').at(-1)?.staleSince);
  expect(received(client, 'vpn').at(-1)).toMatchObject({ forwarded_port: 65_290, staleSince: expect.any(Number) });
});

test('a VPN that has never answered is shown with the reason', async () => {
  vpn.fail('deadline exceeded');
  const client = await open(await listening());
  await until('the VPN', () => received(client, 'vpn').length === 1);
  expect(received(client, 'vpn')[0]).toMatchObject({
    health: 'unknown',
    problem: expect.stringContaining('deadline exceeded'),
  });
});

test('samples of streams arrive as they are collected', async () => {
  setStatus({});
  vpn.play(stream('a'));
  const at = Date.now();
  vpn.answerProgress = async () => observeProgress({ streams: { a: [[at, 12, 800, 90, 1, 1, 'dl']] } });
  const client = await open(await listening());
  await until('a sample', () => received(client, 'samples').length > 0, 20_000);
  expect(received(client, 'samples')[0]).toEqual([['a', at, 12, 800, 90]]);
});
