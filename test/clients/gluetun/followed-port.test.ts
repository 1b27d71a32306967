import { GluetunClient, GluetunError, NoPortForwarded, type FollowedPort } from '../../../src/clients/gluetun/client';
import { ControlServer, CURRENT, json, OLDER, status, text } from './control-server';

const server = new ControlServer();
beforeAll(() => server.start());
afterAll(() => server.stop());

const never = new AbortController().signal;
const client = new GluetunClient({ auth: { kind: 'none' }, timeoutMs: 5_000 });

function follow(body: unknown, followed?: FollowedPort): Promise<number> {
  server.routes = { [CURRENT]: json(body) };
  return client.forwardedPort(server.base, never, followed);
}

async function refusal(body: unknown, followed?: FollowedPort): Promise<GluetunError> {
  const error: unknown = await follow(body, followed).catch((reason: unknown) => reason);
  if (error instanceof GluetunError) return error;
  throw new Error(`expected an error, found ${String(error)}`);
}

const [A, B, C] = [40_648, 51_234, 33_001];

test.each([
  ['the first one, by default', { ports: [A, B, C] }, undefined, A],
  ['the one at the index', { ports: [A, B, C] }, { index: 1, current: null }, B],
  ['the last one', { port: A, ports: [A, B, C] }, { index: 2, current: null }, C],
  ['the only one, in an answer without a list', { port: A }, { index: 0, current: null }, A],
  ['the only one, in an answer with a null list', { port: A, ports: null }, { index: 0, current: null }, A],
])('%s of several ports is followed', async (_which, body, followed, expected) => {
  expect(await follow(body, followed)).toBe(expected);
});

test.each([
  ['in another order', [B, C, A]],
  ['with fewer others', [B, A]],
  ['alone', [A]],
  ['with an empty place', [0, A]],
])('a port that is still listed %s is still followed', async (_how, ports) => {
  expect(await follow({ ports }, { index: 0, current: A })).toBe(A);
  expect(await follow({ ports }, { index: 1, current: A })).toBe(A);
});

test('a port that is no longer listed is replaced by the one at the index', async () => {
  expect(await follow({ ports: [B, C] }, { index: 1, current: A })).toBe(C);
  expect(await follow({ port: B }, { index: 0, current: A })).toBe(B);
});

test('0 never counts as the followed port', async () => {
  expect(await follow({ ports: [0, A] }, { index: 1, current: 0 })).toBe(A);
  expect(await refusal({ ports: [0, A] }, { index: 0, current: 0 })).toBeInstanceOf(NoPortForwarded);
});

test.each([
  [
    { ports: [A, B] },
    2,
    'forwards 2 ports, and GLUETUN_PORT_INDEX asks for number 2, counted from 0',
    'GLUETUN_PORT_INDEX to a number below 2',
  ],
  [
    { port: A },
    1,
    'forwards 1 port, and GLUETUN_PORT_INDEX asks for number 1, counted from 0',
    'GLUETUN_PORT_INDEX to a number below 1',
  ],
])('an index beyond the list %j is an error that says what to set', async (body, index, found, advice) => {
  const error = await refusal(body, { index, current: C });
  expect(error.message).toContain(found);
  expect(error.message).toContain(advice);
  expect(error).not.toBeInstanceOf(NoPortForwarded);
});

test.each([
  ['port 0', { port: 0 }],
  ['an empty list', { ports: [] }],
  ['a null list', { ports: null }],
  ['port 0 and an empty list', { port: 0, ports: [] }],
  ['port 0 and a null list', { port: 0, ports: null }],
  ['a list of nothing but 0', { ports: [0, 0] }],
  ['0 at the index', { ports: [0, A] }],
])('%s is a clear answer that there is no port, whatever was followed', async (_what, body) => {
  expect(await refusal(body)).toBeInstanceOf(NoPortForwarded);
  expect(await refusal(body, { index: 0, current: B })).toBeInstanceOf(NoPortForwarded);
});

test.each([
  ['neither port nor list', json({}), /neither 'port' nor 'ports'/],
  ['a port with an empty list', json({ port: A, ports: [] }), /contradicts itself: port 40648 is not in \[\]/],
  ['port 0 with a list of one', json({ port: 0, ports: [A] }), /contradicts itself: port 0 is not in \[40648\]/],
  ['a port that is not in the list', json({ port: A, ports: [B, C] }), /contradicts itself: port 40648/],
  ['a 401', status(401), /refuses access/],
  ['a 500', status(500), /answers 500/],
  ['garbage', text('port 0'), /not JSON/],
])('%s is an unclear answer: neither a port nor no port', async (_what, answer, message) => {
  server.routes = { [CURRENT]: answer };
  const error: unknown = await client.forwardedPort(server.base, never).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GluetunError);
  expect(error).not.toBeInstanceOf(NoPortForwarded);
  expect(String(error)).toMatch(message);
});

test.each([400, 401, 403, 404, 405])(
  'an older release that answers %i to an unknown route is asked at its own route',
  async (code) => {
    server.routes = { [CURRENT]: status(code), [OLDER]: json({ port: A }) };
    const asker = new GluetunClient({ auth: { kind: 'none' }, timeoutMs: 5_000 });
    expect(await asker.forwardedPort(server.base, never)).toBe(A);
    server.asked.length = 0;
    expect(await asker.forwardedPort(server.base, never)).toBe(A);
    expect(server.urls).toEqual([OLDER]);
  },
);

test.each([
  [401, 404],
  [404, 401],
  [401, 500],
])('when both routes fail, with %i and %i, the refusal is reported', async (current, older) => {
  server.routes = { [CURRENT]: status(current), [OLDER]: status(older) };
  await expect(client.forwardedPort(server.base, never)).rejects.toThrow(/refuses access \(401\)/);
});
