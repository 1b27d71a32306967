// Over real HTTP, because Fastify's `inject` waits for the end of an answer, and these answers never end.
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { until } from '../simulator/until';
import { api, closeAll } from './api-under-test';
import { EventClient } from './event-client';
import { portChanges } from './port-changes';
import { VpnStandIn } from './vpn-stand-in';

let server: FastifyInstance;
let vpn: VpnStandIn;
const clients: EventClient[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  vpn = new VpnStandIn('gluetun');
  kept(3);
  server = await api([vpn]);
  await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAll();
});

function kept(last: number): void {
  vpn.answerEvents = async () => ({ incarnation: 'aa', events: portChanges(1, last) });
  vpn.grow();
}

function url(): string {
  return `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/events/stream`;
}

async function listen(lastEventId?: string): Promise<EventClient> {
  const client = await EventClient.open(url(), lastEventId);
  clients.push(client);
  return client;
}

test('events arrive as they happen, each with id, event and data, after the id of the starting position', async () => {
  const client = await listen();
  expect(client.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  await until('the id of the beginning', () => client.lastEventId === 'gluetun=aa.3');
  kept(4);
  await until('an event', () => client.events.length === 1);
  expect(client.events).toEqual([
    {
      id: 'gluetun=aa.4',
      event: 'port_changed',
      data: { time: new Date(portChanges(4, 4)[0]?.at ?? 0).toISOString(), vpn: 'gluetun', from: 40_003, to: 40_004 },
    },
  ]);
});

test('with Last-Event-ID the events continue after the one where the connection broke', async () => {
  const client = await listen('gluetun=aa.1');
  await until('what was missed', () => client.events.length === 2);
  expect(client.events.map(({ id }) => id)).toEqual(['gluetun=aa.2', 'gluetun=aa.3']);
});

test('an id that is not one of this API is refused', async () => {
  const response = await fetch(url(), { headers: { 'last-event-id': 'rubbish' } });
  expect([response.status, await response.json()]).toEqual([
    422,
    { detail: 'Last-Event-ID is not the id of an event of this API' },
  ]);
});

test('the 101st listener is refused, until another one has left', async () => {
  const all = await Promise.all(Array.from({ length: 100 }, () => listen()));
  const refused = await fetch(url());
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { detail: expect.stringContaining('there are 100 listeners already') },
  ]);
  all[0]?.close();
  await until('a place', async () => {
    const response = await fetch(url());
    await response.body?.cancel();
    return response.status === 200;
  });
});

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

test('a client that does not read is disconnected, and the others receive every event', async () => {
  const slow = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(slow);
  slow.pause();
  slow.write('GET /events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const quick = await listen();
  await until('both connected', async () => (await connections()) === 2);
  // After some answers, the events are larger than the kernel's buffers for a connection.
  const name = 'x'.repeat(200_000);
  let last = 3;
  let isOver = false;
  vpn.answerEvents = async () => {
    last += 5;
    // More events follow when the quick client has received these. Otherwise it could be disconnected, too, on a busy machine.
    const all = last - 3;
    void until('the events at the quick client', () => isOver || quick.events.length >= all).then(
      () => isOver || vpn.grow(),
    );
    const event = { kind: 'engine_ready', cause: 'forced', engine: 'e', name, p2pPort: null } as const;
    return { incarnation: 'aa', events: portChanges(last - 9, last).map((item) => ({ ...item, event })) };
  };
  vpn.grow();
  await until('the slow one disconnected', async () => (await connections()) === 1, 30_000);
  const before = quick.events.length;
  await until('more for the quick one', () => quick.events.length > before);
  isOver = true;
  const numbers = quick.events.map(({ id }) => Number(id.split('.')[1]));
  expect(numbers).toEqual(numbers.map((_, i) => 4 + i));
  expect(quick.events.some(({ event }) => event === 'gap')).toBe(false);
});

test("the server closes at once while somebody listens, and ends the listener's answer regularly", async () => {
  const client = await listen();
  await server.close();
  await until('the end', () => client.ended);
  expect(client.failed).toBe(false);
});
