// Sends bytes of every kind from a bare socket: not even HTTP is assumed.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { GluetunClient, GluetunError, type FollowedPort } from '../../../src/clients/gluetun/client';
import { runs } from '../../repetitions';

type Ending = 'end' | 'destroy' | 'hang';
let reply: { readonly bytes: Buffer; readonly ending: Ending } = { bytes: Buffer.alloc(0), ending: 'end' };
const sockets = new Set<Socket>();
const server: Server = createServer((socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
  socket.once('data', () => {
    socket.write(reply.bytes, () => {
      if (reply.ending === 'end') socket.end();
      if (reply.ending === 'destroy') socket.destroy();
    });
  });
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  // Hanging connections would keep the server open.
  for (const socket of sockets) socket.destroy();
  await closed;
});

/** Hanging replies never end by themselves, so without the client's time limit the tests would not end either. */
const TIMEOUT_MS = 100;
const KEY = 'TOP-SECRET';
const clientOf = (timeoutMs: number) => new GluetunClient({ auth: { kind: 'api-key', key: KEY }, timeoutMs });
const hasty = clientOf(TIMEOUT_MS);
const patient = clientOf(10_000);

/** Resolves with the port, or with null after a GluetunError without the key. Anything else fails the test. */
async function asked(follow: FollowedPort, client = hasty): Promise<number | null> {
  const { port } = server.address() as AddressInfo;
  const base = new URL(`http://127.0.0.1:${port}`);
  const found = await client.forwardedPort(base, new AbortController().signal, follow).catch((error: unknown) => error);
  if (typeof found === 'number') {
    if (Number.isInteger(found) && found >= 1 && found <= 65_535) return found;
    throw new Error(`expected a port, found ${found}`);
  }
  if (!(found instanceof GluetunError)) throw found;
  expect(found.message).not.toContain(KEY);
  return null;
}

const portLike = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 65_535 }) },
  { weight: 3, arbitrary: fc.constantFrom(-1, 65_535, 65_536, 70_000) },
  { weight: 1, arbitrary: fc.constantFrom(0, null, '40648', 1.5, true, [], {}, 'TOP-SECRET') },
);
const portAnswer = fc.record(
  { port: portLike, ports: fc.oneof(fc.array(portLike, { maxLength: 5 }), portLike) },
  { requiredKeys: [] },
);
const agreeing = fc
  .array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 5 })
  .map((ports) => ({ port: ports[0], ports }));
const followed = fc.record({
  index: fc.constantFrom(0, 0, 0, 0, 1, 2, 6),
  current: fc.option(fc.integer({ min: 0, max: 65_535 })),
});
const status = fc.oneof(
  { weight: 5, arbitrary: fc.constant(200) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 999 }) },
);
const ending = fc.oneof(
  { weight: 15, arbitrary: fc.constant<Ending>('end') },
  { weight: 4, arbitrary: fc.constant<Ending>('destroy') },
  // Each of them takes the whole time limit.
  { weight: 1, arbitrary: fc.constant<Ending>('hang') },
);

function answerOf(code: number, headers: readonly string[], body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${code} X\r\n${headers.map((h) => `${h}\r\n`).join('')}\r\n`), body]);
}

/** Every number in a JSON answer that could mean a port. */
function portsIn(body: unknown): unknown[] {
  if (typeof body !== 'object' || body === null) return [];
  const { port, ports }: { port?: unknown; ports?: unknown } = body;
  return [port, ...(Array.isArray(ports) ? ports : [])];
}

test('whatever the JSON and status, a port is always one from an answer of 200', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(portAnswer, agreeing, fc.jsonValue()),
      status,
      followed,
      ending,
      async (body, code, follow, end) => {
        reply = { bytes: answerOf(code, ['connection: close'], Buffer.from(JSON.stringify(body))), ending: end };
        const port = await asked(follow);
        if (port === null) return;
        expect(portsIn(JSON.parse(JSON.stringify(body)))).toContain(port);
        expect(code >= 200 && code < 300).toBe(true);
      },
    ),
    runs(400),
  );
}, 120_000);

test('a valid answer gives exactly its port', async () => {
  await fc.assert(
    fc.asyncProperty(agreeing, followed, async (body, follow) => {
      reply = { bytes: answerOf(200, ['connection: close'], Buffer.from(JSON.stringify(body))), ending: 'end' };
      const stays = follow.current !== 0 && follow.current !== null && body.ports.includes(follow.current);
      const expected = stays ? follow.current : (body.ports[follow.index] ?? 0);
      expect(await asked(follow, patient)).toBe(expected === 0 ? null : expected);
    }),
    runs(400),
  );
}, 120_000);

const header = fc.constantFrom(
  'content-type: application/json',
  'content-length: 5',
  'content-length: 999999',
  'content-length: -1',
  'content-encoding: gzip',
  'content-encoding: br',
  'transfer-encoding: chunked',
  'location: /v1/openvpn/portforwarded',
  'location: http://[',
  `location: http://${KEY}:${KEY}@192.0.2.1/`,
  `x-echo: ${KEY}`,
  'no header at all',
  'connection: keep-alive',
);

test('whatever bytes arrive, no port is invented and no key shown', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw)),
    fc
      .tuple(status, fc.array(header, { maxLength: 4 }), fc.uint8Array({ maxLength: 60 }))
      .map(([code, headers, raw]) => answerOf(code, headers, Buffer.from(raw))),
    fc
      .tuple(status, fc.array(header, { maxLength: 4 }), fc.constantFrom('{"port":40648}', `"${KEY}"`, '40648'))
      .map(([code, headers, text]) => answerOf(code, headers, Buffer.from(text))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, followed, ending, async (raw, follow, end) => {
      reply = { bytes: raw, ending: end };
      const port = await asked(follow);
      if (port === null) return;
      expect(raw.toString('latin1')).toContain(`"port":${port}`);
    }),
    runs(400),
  );
}, 120_000);
