// Requests that Node and Fastify refuse before a route is found, over real connections.
import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

let server: FastifyInstance;
let vpn: VpnStandIn;
const sockets: Socket[] = [];

beforeEach(async () => {
  vpn = new VpnStandIn('gluetun');
  server = await api([vpn]);
  await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAll();
});

function open(): Socket {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Sends these bytes, and returns everything that the server sends until it closes the connection. */
async function answerTo(...parts: string[]): Promise<string> {
  const socket = open();
  let answer = '';
  socket.on('data', (data) => (answer += data.toString('latin1')));
  for (const part of parts) socket.write(part);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

function refusal(answer: string): [status: number, detail: unknown] {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/x-content-type-options: nosniff/);
  return [Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), (JSON.parse(body) as { detail: unknown }).detail];
}

const POST = 'POST /vpns/gluetun/replacements HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';

test.each([
  'GET /engines/..',
  'GET /vpns/../replacements',
  'POST /vpns/../replacements',
  'POST /vpns/../recheck',
  'GET /containers/..',
  'DELETE /containers/..',
])('the path parameter ".." is a 404, and does not reach the workflow: %s', async (request) => {
  const [status] = refusal(await answerTo(`${request} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`));
  expect(status).toBe(404);
  expect([vpn.rechecked, vpn.replaced, vpn.removed]).toEqual([[], [], []]);
});

test('clients that send too slowly are disconnected, and change nothing', async () => {
  // The real times are checked here. Shorter ones are set for the test.
  expect(server.server).toMatchObject({ headersTimeout: 5_000, requestTimeout: 10_000 });
  Object.assign(server.server, { headersTimeout: 500, requestTimeout: 1_000 });
  const [head, body, hint] = await Promise.all([
    answerTo('GET /engines HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: '),
    answerTo(`${POST}Content-Length: 100\r\n\r\n{"reason":`),
    answerTo('POST /vpns/gluetun/recheck HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'),
  ]);
  for (const answer of [head, body]) {
    expect(refusal(answer)).toEqual([408, expect.stringMatching(/headers.* within 5 s.* whole request within 10 s/)]);
  }
  // A hint is answered before its body arrives. The connection is closed because the body does not end.
  expect(hint).toMatch(/^HTTP\/1\.1 202 /);
  expect(vpn.replaced).toEqual([]);
});

test('slow clients do not keep others from being answered', async () => {
  const slow = Array.from({ length: 200 }, open);
  for (const socket of slow) socket.write('GET /engines HTTP/1.1\r\nX-A: ');
  const { port } = server.server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/engines`)).status).toBe(200);
});

test('headers over 16 KiB are a 431', async () => {
  expect(refusal(await answerTo(`GET /engines HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`))).toEqual([
    431,
    'the address and the headers together are larger than 16 KiB',
  ]);
});

test.each([
  'rubbish\r\n\r\n',
  'GET /engines HTTP/9.9\r\n\r\n',
  'GET /en gines HTTP/1.1\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01',
])('what is not an HTTP request, such as %j, is a 400', async (bytes) => {
  expect(refusal(await answerTo(bytes))).toEqual([400, 'this is not an HTTP/1.1 request']);
});

test.each<[what: string, request: string, status: number, detail: RegExp]>([
  [
    'an HTTP/1.1 request without Host',
    'GET /engines HTTP/1.1\r\nConnection: close\r\n\r\n',
    400,
    /needs a Host header/,
  ],
  ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n', 501, /is not a proxy/],
  ['HTTP/2 without an upgrade', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, /not an HTTP\/1.1 request/],
  [
    'a chunk with an extension of 20 KB',
    `${POST}Transfer-Encoding: chunked\r\n\r\n2;x=${'y'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    413,
    /extensions/,
  ],
  ['a method of WebDAV', 'PROPFIND /engines HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405, /takes GET, HEAD/],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, /no route OPTIONS \*/],
])('%s is refused with a detail', async (_what, request, status, detail) => {
  expect(refusal(await answerTo(request))).toEqual([status, expect.stringMatching(detail)]);
});

test.each([
  ['a request in HTTP/1.0 without Host', 'GET /engines HTTP/1.0\r\n\r\n'],
  [
    'a request with an upgrade to HTTP/2',
    'GET /engines HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
  ],
  [
    'a request with an unknown Expect',
    'GET /engines HTTP/1.1\r\nHost: x\r\nExpect: nothing\r\nConnection: close\r\n\r\n',
  ],
])('%s is answered as usual', async (_what, request) => {
  expect(await answerTo(request)).toMatch(/^HTTP\/1\.1 200 /);
});

test('a request with two conflicting lengths, which proxies may read differently, is a 400', async () => {
  const smuggled = `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  expect(refusal(await answerTo(smuggled))[0]).toBe(400);
  expect(vpn.replaced).toEqual([]);
});

test('a body over 256 KiB is a 413, with and without Content-Length', async () => {
  const body = JSON.stringify({ reason: 'x'.repeat(300_000) });
  const withLength = await answerTo(`${POST}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`, body);
  const withoutLength = await answerTo(
    `${POST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  for (const answer of [withLength, withoutLength]) expect(refusal(answer)[0]).toBe(413);
  expect(vpn.replaced).toEqual([]);
});
