import * as fc from 'fast-check';
import { GluetunClient, GluetunError, NoPortForwarded } from '../../../src/clients/gluetun/client';
import { ControlServer, CURRENT, cut, hang, hangHalfway, json, OLDER, redirect, status, text } from './control-server';

const server = new ControlServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
  server.routes = {};
});

const never = new AbortController().signal;
const client = (timeoutMs = 5_000) => new GluetunClient({ auth: { kind: 'none' }, timeoutMs });
const port = (asker = client()) => asker.forwardedPort(server.base, never);

async function refusal(asker = client()): Promise<string> {
  const error: unknown = await port(asker).then(
    (found) => new Error(`expected no port, found ${found}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof GluetunError)) throw error;
  // Only a clear answer without a port is a reason to consider the port lost.
  expect(error instanceof NoPortForwarded).toBe(/no port is forwarded right now/.test(error.message));
  return error.message;
}

test.each([
  ['v3.41.1', { port: 40_648 }, 40_648],
  ['master', { port: 40_648, ports: [40_648, 51_234] }, 40_648],
  ['several ports', { ports: [40_648, 51_234] }, 40_648],
  ['no list', { port: 1, ports: null }, 1],
  ['the last port', { port: 65_535 }, 65_535],
])('the port is read from an answer of %s', async (_release, body, expected) => {
  server.routes = { [CURRENT]: json(body) };
  expect(await port()).toBe(expected);
  expect(server.urls).toEqual([CURRENT]);
});

test('an older release is asked at its own route, first after a 404 and then directly', async () => {
  server.routes = { [OLDER]: json({ port: 40_648 }) };
  const asker = client();
  expect(await port(asker)).toBe(40_648);
  expect(server.urls).toEqual([CURRENT, OLDER]);
  expect(await port(asker)).toBe(40_648);
  expect(server.urls).toEqual([CURRENT, OLDER, OLDER]);
});

test('a control server that was updated is found on the current route again', async () => {
  const asker = client();
  server.routes = { [OLDER]: json({ port: 40_648 }) };
  await port(asker);
  server.routes = { [CURRENT]: json({ port: 51_234 }) };
  expect(await port(asker)).toBe(51_234);
  server.asked.length = 0;
  await port(asker);
  expect(server.urls).toEqual([CURRENT]);
});

test('a fault at the older route does not make it the first one to ask', async () => {
  server.routes = { [OLDER]: status(500) };
  const asker = client();
  await refusal(asker);
  server.asked.length = 0;
  await refusal(asker);
  expect(server.urls[0]).toBe(CURRENT);
});

test.each([301, 302, 307, 308])('a %i from one route to another is followed', async (code) => {
  server.routes = { [CURRENT]: redirect(OLDER, code), [OLDER]: json({ port: 40_648 }) };
  expect(await port()).toBe(40_648);
});

test('a 301 from the old route, as in newer releases, is followed', async () => {
  const asker = client();
  server.routes = { [OLDER]: json({ port: 40_648 }) };
  await port(asker);
  server.routes = { [OLDER]: redirect(CURRENT), [CURRENT]: json({ port: 51_234 }) };
  expect(await port(asker)).toBe(51_234);
});

test.each([
  ['port 0', json({ port: 0 }), /no port is forwarded right now/],
  ['port 0 and an empty list', json({ port: 0, ports: [] }), /no port is forwarded right now/],
  ['an empty list', json({ ports: [] }), /no port is forwarded right now/],
  ['a first port 0', json({ ports: [0, 40_648] }), /no port is forwarded right now/],
  ['a negative port', json({ port: -1 }), /another form: .*-1/],
  ['a port over 65535', json({ port: 65_536 }), /another form/],
  ['half a port', json({ port: 40_648.5 }), /another form/],
  ['a port as a string', json({ port: '40648' }), /another form/],
  ['a list with a string in it', json({ ports: [40_648, 'x'] }), /another form/],
  ['a bare number', json(40_648), /another form: .*40648/],
  ['null', json(null), /another form/],
  ['a list', json([40_648]), /another form/],
  ['an empty answer', text(''), /not JSON: ""/],
  ['an HTML page', text('<html>Sign in</html>'), /not JSON: "<html>Sign in/],
  ['half of JSON', text('{"port":406'), /not JSON/],
  ['a number that is too long', text(`{"port":${'4'.repeat(400)}}`), /another form/],
  ['a 401', status(401), /refuses access \(401\): set GLUETUN_API_KEY, or GLUETUN_USER and GLUETUN_PASSWORD/],
  ['a 403', status(403, '{"port":40648}'), /refuses access \(403\)/],
  ['a 500 with a port in it', status(500, '{"port":40648}'), /answers 500/],
  ['a 503', status(503), /answers 503/],
  ['a huge body', text(`{"port":40648,"x":"${'x'.repeat(100_000)}"}`), /over 65536 bytes/],
  ['a redirect to itself', redirect(CURRENT), /redirects more than 3 times/],
  ['a redirect to nowhere', redirect('http://:bad:'), /redirects to an invalid address/],
  ['a redirect without a place', status(302), /answers 302/],
  ['a data address', redirect('data:application/json,{"port":40648}'), /redirects to another host/],
  ['a connection that breaks', cut, /can't be reached/],
])('%s is an error that quotes the answer, never a port (I7)', async (_what, answer, message) => {
  server.routes = { [CURRENT]: answer };
  expect(await refusal()).toMatch(message);
});

test('a server without either route is an error that says so', async () => {
  expect(await refusal()).toMatch(/answers 404/);
});

test.each([
  ['does not answer', hang],
  ['stops in the middle of its answer', hangHalfway],
])('a control server that %s is an error in time, with its address and the time limit', async (_how, answer) => {
  server.routes = { [CURRENT]: answer };
  expect(await refusal(client(150))).toBe(`the control server at ${server.base.host} gave no answer within 150 ms`);
});

test('a late answer within the time limit counts', async () => {
  server.routes = {
    [CURRENT]: (response, request) => setTimeout(() => json({ port: 40_648 })(response, request), 400),
  };
  expect(await port()).toBe(40_648);
});

test('one time limit holds for redirects and the other route together', async () => {
  const slowly =
    (then: (typeof server.routes)[string]): (typeof server.routes)[string] =>
    (response, request) => {
      setTimeout(() => then(response, request), 100);
    };
  server.routes = { [CURRENT]: slowly(status(404)), [OLDER]: slowly(json({ port: 40_648 })) };
  expect(await refusal(client(150))).toMatch(/gave no answer within 150 ms/);
});

test('a control server that does not listen is an error with its address', async () => {
  const gone = await new ControlServer().start();
  const { base } = gone;
  await gone.stop();
  await expect(client().forwardedPort(base, never)).rejects.toThrow(
    new RegExp(`control server at ${base.host} can't be reached: .*ECONNREFUSED`),
  );
});

test('a cancelled read ends at once', async () => {
  server.routes = { [CURRENT]: hang };
  const controller = new AbortController();
  const reading = client(60_000).forwardedPort(server.base, controller.signal);
  controller.abort();
  await expect(reading).rejects.toThrow(GluetunError);
});

test('whatever JSON the control server answers, only a valid port counts as one (I7)', async () => {
  const portLike = fc.oneof(fc.integer({ min: -10, max: 70_000 }), fc.double(), fc.jsonValue());
  const portAnswer = fc.record(
    { port: portLike, ports: fc.oneof(fc.array(portLike), fc.jsonValue()) },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(portAnswer, fc.jsonValue()), async (body) => {
      server.routes = { [CURRENT]: json(body) };
      const found = await port().catch((error: unknown) => error);
      if (found instanceof GluetunError) return;
      expect(Number.isInteger(found) && Number(found) >= 1 && Number(found) <= 65_535).toBe(true);
      expect(JSON.stringify(body)).toContain(String(found));
    }),
    { numRuns: 300 },
  );
});
