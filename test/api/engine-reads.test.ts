import type { EngineList } from '../../src/api/vpn-source';
import { forwardedEngine, plainEngine } from '../builders';
import { api, closeAll, Later, MAX_AGE_MS, STALE_LIMIT_MS, turnTime } from './api-under-test';
import { decodeEngines, detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

beforeEach(turnTime);
afterEach(async () => {
  jest.useRealTimers();
  await closeAll();
});

const STARTED_MS = 2_500;
const AHEAD_MS = 0.75 * MAX_AGE_MS;

test('requests at the same time share one query', async () => {
  const vpn = new VpnStandIn('gluetun');
  const later = new Later<EngineList>();
  vpn.answerEngines = () => later.promise;
  const server = await api([vpn]);
  const requests = Array.from({ length: 20 }, () => server.inject('/engines'));
  await jest.advanceTimersByTimeAsync(10);
  later.resolve({ version: '1', engines: [plainEngine(19_000)] });
  const bodies = new Set((await Promise.all(requests)).map((r) => r.body));
  expect([vpn.asked.length, bodies.size]).toEqual([1, 1]);
});

test('an answer is reused for ENGINES_MAX_AGE_MS, counted from when its query was sent; after three quarters of that it is asked for again', async () => {
  const vpn = new VpnStandIn('gluetun');
  const server = await api([vpn]);
  const ports = async () => decodeEngines(await server.inject('/engines')).map((e) => e.port);
  const next = () => {
    const later = new Later<EngineList>();
    vpn.answerEngines = () => later.promise;
    return later;
  };
  const answerMs = 10;
  const first = next();
  const waiting = ports();
  await jest.advanceTimersByTimeAsync(answerMs);
  first.resolve({ version: '1', engines: [plainEngine(19_000)] });
  expect(await waiting).toEqual([19_000]);

  await jest.advanceTimersByTimeAsync(AHEAD_MS - answerMs);
  expect(await ports()).toEqual([19_000]);
  expect(vpn.asked).toHaveLength(1);

  const second = next();
  await jest.advanceTimersByTimeAsync(1);
  expect(await ports()).toEqual([19_000]);
  expect(vpn.asked).toHaveLength(2);
  await jest.advanceTimersByTimeAsync(MAX_AGE_MS - AHEAD_MS - 1);
  expect(await ports()).toEqual([19_000]);

  await jest.advanceTimersByTimeAsync(1);
  const tooOld = ports();
  second.resolve({ version: '2', engines: [plainEngine(19_001)] });
  expect(await tooOld).toEqual([19_001]);
  expect(vpn.asked).toHaveLength(2);
});

test('a clock that is set back does not make an old answer young', async () => {
  const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  jest.setSystemTime(Date.now() - 3_600_000);
  await jest.advanceTimersByTimeAsync(MAX_AGE_MS + 1);
  await server.inject('/engines');
  expect(vpn.asked).toHaveLength(2);
});

test('a query is told the list that is known, and "unchanged" goes on serving it', async () => {
  const vpn = new VpnStandIn('gluetun');
  vpn.answerEngines = async (previous) => previous ?? { version: '7', engines: [plainEngine(19_000)] };
  const server = await api([vpn]);
  const first = await server.inject('/engines');
  await jest.advanceTimersByTimeAsync(MAX_AGE_MS + 1);
  const second = await server.inject('/engines');
  expect(vpn.asked.map((q) => q.previous?.version)).toEqual([undefined, '7']);
  expect(second.body).toBe(first.body);
});

test('a new version is served as soon as the workflow answers with it', async () => {
  const vpn = new VpnStandIn('gluetun');
  vpn.list(forwardedEngine(19_000, 65_290), plainEngine(19_001));
  const server = await api([vpn]);
  expect(decodeEngines(await server.inject('/engines'))).toHaveLength(2);
  vpn.list(plainEngine(19_001));
  await jest.advanceTimersByTimeAsync(MAX_AGE_MS + 1);
  expect(decodeEngines(await server.inject('/engines')).map((e) => e.port)).toEqual([19_001]);
});

test('when queries fail the last list is served, marked stale, and no engine is said to be forwarded', async () => {
  const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290), plainEngine(19_001)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(10_000);
  const response = await server.inject('/engines');
  expect(response.headers['x-portward-stale']).toBe('10');
  expect(decodeEngines(response).map((e) => [e.port, e.forwarded])).toEqual([
    [19_000, false],
    [19_001, false],
  ]);
  const single = await server.inject('/engines/id-19000');
  expect(single.headers['x-portward-stale']).toBe('10');
  expect(single.json()).toMatchObject({ engine: { forwarded: false } });
});

test('nobody waits again for a workflow that did not answer just now', async () => {
  const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(1_000);
  await server.inject('/engines');
  vpn.answerEngines = () => new Later<EngineList>().promise;
  await jest.advanceTimersByTimeAsync(1_000);
  // No time goes by here: an answer that waited for the query would never come.
  expect((await server.inject('/engines')).headers['x-portward-stale']).toBe('2');
});

test('a failure of long ago is not believed: the next request asks and is answered from the truth', async () => {
  const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(1_000);
  await server.inject('/engines');
  vpn.list(forwardedEngine(19_000, 65_290));
  await jest.advanceTimersByTimeAsync(2 * STALE_LIMIT_MS);
  const response = await server.inject('/engines');
  expect(response.headers['x-portward-stale']).toBeUndefined();
  expect(decodeEngines(response)).toMatchObject([{ forwarded: true }]);
});

test('when queries succeed again the list is no longer marked stale', async () => {
  const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(2_000);
  await server.inject('/engines');
  vpn.list(forwardedEngine(19_000, 65_290));
  await server.inject('/engines');
  await jest.advanceTimersByTimeAsync(0);
  const response = await server.inject('/engines');
  expect(response.headers['x-portward-stale']).toBeUndefined();
  expect(decodeEngines(response)).toMatchObject([{ forwarded: true }]);
});

test('who asks just after the workflow answers again gets the present list, though nobody has asked meanwhile', async () => {
  const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(MAX_AGE_MS + 1);
  expect((await server.inject('/engines')).headers).toHaveProperty('x-portward-stale');
  vpn.answerEngines = async () => ({ version: '9', engines: [] });
  await jest.advanceTimersByTimeAsync(200);
  const answer = await server.inject('/engines');
  expect([answer.json(), answer.headers['x-portward-stale']]).toEqual([[], undefined]);
});

test('however many read, a workflow that does not answer is asked by itself once in a while', async () => {
  const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(MAX_AGE_MS + 1);
  for (let n = 0; n < 50; n++) await server.inject('/engines');
  const { length } = vpn.asked;
  await jest.advanceTimersByTimeAsync(2_000);
  expect(vpn.asked.length - length).toBeLessThanOrEqual(2_000 / 200 + 1);
});

test('after ENGINES_STALE_LIMIT_S without an answer it is a 503 that says which VPN and for how long', async () => {
  const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  const server = await api([vpn]);
  await server.inject('/engines');
  vpn.fail();
  await jest.advanceTimersByTimeAsync(STALE_LIMIT_MS);
  expect((await server.inject('/engines')).statusCode).toBe(200);
  await jest.advanceTimersByTimeAsync(1_000);
  for (const url of ['/engines', '/engines/id-19000', '/health/ready']) {
    const response = await server.inject(url);
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toBe('no list of engines: gluetun: its workflow has not answered for 31 s');
  }
});

test('without any list it waits 2.5 s from its start, then it is a 503 that says why', async () => {
  const vpn = new VpnStandIn('gluetun');
  vpn.fail("VPN 'gluetun' has not been looked at yet");
  const server = await api([vpn]);
  let answered = false;
  const request = server.inject('/engines').then((response) => {
    answered = true;
    return response;
  });
  await jest.advanceTimersByTimeAsync(STARTED_MS - 100);
  expect(answered).toBe(false);
  await jest.advanceTimersByTimeAsync(200);
  const response = await request;
  expect(response.statusCode).toBe(503);
  expect(detail(response)).toBe("no list of engines: gluetun: VPN 'gluetun' has not been looked at yet");
});

test('a request that comes before the first list is answered when the list is there', async () => {
  const vpn = new VpnStandIn('gluetun');
  vpn.fail();
  const server = await api([vpn]);
  const request = server.inject('/engines');
  await jest.advanceTimersByTimeAsync(1_000);
  vpn.list(plainEngine(19_000));
  await jest.advanceTimersByTimeAsync(200);
  expect(decodeEngines(await request)).toHaveLength(1);
});

test('a VPN whose workflow never answered does not hold up the engines of another (I4)', async () => {
  const down = new VpnStandIn('gluetun');
  const up = new VpnStandIn('gluetun2', [forwardedEngine(19_500, 51_234)]);
  down.fail();
  const server = await api([down, up]);
  await jest.advanceTimersByTimeAsync(STARTED_MS);
  await server.inject('/engines');
  down.answerEngines = () => new Later<EngineList>().promise;
  const response = await server.inject('/engines');
  expect(decodeEngines(response)).toMatchObject([{ port: 19_500, forwarded: true }]);
  expect(response.headers['x-portward-stale']).toBeDefined();
});

test('a VPN that stopped answering loses its forwarded mark, then its engines; another keeps both (I4)', async () => {
  const down = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
  const up = new VpnStandIn('gluetun2', [forwardedEngine(19_500, 51_234)]);
  const server = await api([down, up]);
  await server.inject('/engines');
  down.fail();
  await jest.advanceTimersByTimeAsync(5_000);
  const shown = async () =>
    decodeEngines(await server.inject('/engines')).map((e): [number, boolean] => [e.port, e.forwarded]);
  expect(await shown()).toEqual([
    [19_000, false],
    [19_500, true],
  ]);
  await jest.advanceTimersByTimeAsync(STALE_LIMIT_MS);
  expect(await shown()).toEqual([[19_500, true]]);
});
