import { setImmediate } from 'node:timers/promises';
import type { DatedLists } from '../../src/api/reads/last-lists';
import type { EngineList } from '../../src/gateways/vpn-source';
import type { ListedEngine } from '../../src/domain/engine';
import { forwardedEngine, plainEngine } from '../builders';
import { api, closeAll, LAG_MS, Later, STALE_LIMIT_MS, turnTime } from './api-under-test';
import { decodeEngines, detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

const STARTED_MS = 2_500;

/** The time that a read waits for a list whose query is on its way. */
const PATIENCE_MS = 250;

/** Lists that the process before kept 4 s ago. */
function lastLists(engines: Readonly<Record<string, ListedEngine>>) {
  const known = Object.entries(engines).map(([vpn, engine]): [string, DatedLists] => [
    vpn,
    {
      lists: {
        engines: { version: '1', engines: [engine], hidden: [], current: true },
        streams: { version: '1', streams: [] },
      },
      at: Date.now() - 4_000,
    },
  ]);
  const keep = jest.fn();
  return { lists: { load: async () => new Map(known), keep, close: async () => undefined }, keep };
}

/** Reads, and lets the time pass that a read may wait for a list. */
async function read(server: Awaited<ReturnType<typeof api>>, url = '/engines') {
  const request = server.inject(url);
  await jest.advanceTimersByTimeAsync(PATIENCE_MS);
  return request;
}

export function engineReadsCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    jest.useRealTimers();
    await closeAll();
  });

  test('however many clients read, the workflow is queried only when its history has grown', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    for (let n = 0; n < 20; n++) await server.inject('/engines');
    expect(vpn.asked).toHaveLength(1);
    vpn.list(plainEngine(19_001));
    await jest.advanceTimersByTimeAsync(0);
    for (let n = 0; n < 20; n++) {
      expect(decodeEngines(await server.inject('/engines')).map((e) => e.port)).toEqual([19_001]);
    }
    expect(vpn.asked).toHaveLength(2);
  });

  test('a query names the last list, and after the answer "unchanged" that list is served', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerEngines = async (previous) => previous ?? { version: '7', engines: [plainEngine(19_000)] };
    const server = await api([vpn]);
    const first = await server.inject('/engines');
    vpn.grow();
    await jest.advanceTimersByTimeAsync(0);
    const second = await server.inject('/engines');
    expect(vpn.asked.map((q) => q.previous?.version)).toEqual([undefined, '7']);
    expect(second.body).toBe(first.body);
  });

  test('a read during the query for a new list gets the new list, if it comes within 250 ms', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    const later = new Later<EngineList>();
    vpn.answerEngines = () => later.promise;
    vpn.grow();
    const request = server.inject('/engines');
    await jest.advanceTimersByTimeAsync(PATIENCE_MS - 1);
    later.resolve({ version: '8', engines: [plainEngine(19_001)] });
    expect(decodeEngines(await request).map((e) => e.port)).toEqual([19_001]);
  });

  test('if a history keeps growing, a read gets the first list that was queried after the read began', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    let port = 19_000;
    vpn.answerEngines = async () => {
      const listed = [plainEngine(++port)];
      await new Promise((resolve) => setTimeout(resolve, 10));
      vpn.grow();
      return { version: String(port), engines: listed };
    };
    vpn.grow();
    await jest.advanceTimersByTimeAsync(5);
    const request = server.inject('/engines');
    // The read begins after these turns of the event loop.
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    await jest.advanceTimersByTimeAsync(20);
    expect(decodeEngines(await request).map((e) => e.port)).toEqual([19_002]);
  });

  test('a forwarded engine is hidden for good as soon as the history shows its eviction, before the workflow answers', async () => {
    const [old, other] = [forwardedEngine(19_000, 65_290), plainEngine(19_001)];
    const vpn = new VpnStandIn('gluetun', [old, other]);
    const server = await api([vpn]);
    const ports = async () => decodeEngines(await read(server)).map((e) => e.port);
    expect(await ports()).toEqual([19_000, 19_001]);
    const [before, now] = [new Later<EngineList>(), new Later<EngineList>()];
    vpn.answerEngines = () => before.promise;
    vpn.grow();
    vpn.evict(old);
    expect(await ports()).toEqual([19_001]);
    // The answer to a query from before the eviction does not show the engine again.
    vpn.answerEngines = () => now.promise;
    before.resolve({ version: '1', engines: [old, other] });
    expect(await ports()).toEqual([19_001]);
    vpn.grow();
    const next = forwardedEngine(19_002, 40_648);
    now.resolve({ version: '2', engines: [other, next] });
    expect(await ports()).toEqual([19_001, 19_002]);
  });

  test('an evicted plain engine stays in the list until the next answer, because its successor may have become ready in the same task', async () => {
    const [old, next] = [plainEngine(19_000), plainEngine(19_001)];
    const vpn = new VpnStandIn('gluetun', [old]);
    const server = await api([vpn]);
    const ports = async () => decodeEngines(await read(server)).map((e) => e.port);
    expect(await ports()).toEqual([19_000]);
    const answer = new Later<EngineList>();
    vpn.answerEngines = () => answer.promise;
    vpn.evict(old);
    expect(await ports()).toEqual([19_000]);
    vpn.grow();
    answer.resolve({ version: '2', engines: [next] });
    expect(await ports()).toEqual([19_001]);
  });

  test('when an observation has another port, the engine with the old port is hidden at once, until the workflow answers with its decision', async () => {
    const [old, other] = [forwardedEngine(19_000, 65_290), plainEngine(19_001)];
    const vpn = new VpnStandIn('gluetun', [old, other]);
    const server = await api([vpn]);
    // No time passes, so the reads do not wait.
    const ports = async () => decodeEngines(await server.inject('/engines')).map((e) => e.port);
    expect(await ports()).toEqual([19_000, 19_001]);
    const [before, now] = [new Later<EngineList>(), new Later<EngineList>()];
    vpn.answerEngines = () => before.promise;
    vpn.grow({ hasMessage: false });
    vpn.observe(65_290);
    vpn.observe(40_648);
    expect(await ports()).toEqual([19_001]);
    // This query was sent before the workflow had handled the observation.
    before.resolve({ version: '1', engines: [old, other] });
    await jest.advanceTimersByTimeAsync(0);
    expect(await ports()).toEqual([19_001]);
    vpn.answerEngines = () => now.promise;
    vpn.grow({ hasMessage: false });
    expect(await ports()).toEqual([19_001]);
    // The workflow has decided not to replace the engine.
    now.resolve({ version: '2', engines: [{ ...old, forwarded: false }, other] });
    await jest.advanceTimersByTimeAsync(0);
    expect(await ports()).toEqual([19_000, 19_001]);
  });

  test('the engine with the old port stays listed if the workflow would not replace it at once', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    vpn.replacesOnMove = false;
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.observe(40_648);
    expect(decodeEngines(await read(server)).map((e) => e.port)).toEqual([19_000]);
  });

  test('a read while the history hides an engine still waits for the effect of messages to the workflow', async () => {
    const [old, other] = [forwardedEngine(19_000, 65_290), plainEngine(19_001)];
    const vpn = new VpnStandIn('gluetun', [old, other]);
    const server = await api([vpn]);
    await server.inject('/engines');
    const later = new Later<EngineList>();
    vpn.answerEngines = () => later.promise;
    vpn.observe(40_648);
    vpn.grow();
    const request = server.inject('/engines');
    await jest.advanceTimersByTimeAsync(PATIENCE_MS - 1);
    later.resolve({ version: '2', engines: [plainEngine(19_002)] });
    expect(decodeEngines(await request).map((e) => e.port)).toEqual([19_002]);
  });

  test('a late list is shown as fresh for a while, then marked stale, without a forwarded engine', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290), plainEngine(19_001)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.answerEngines = () => new Later<EngineList>().promise;
    vpn.grow();
    const soon = await read(server);
    expect([soon.headers['x-portward-stale'], decodeEngines(soon)[0]?.forwarded]).toEqual([undefined, true]);
    await jest.advanceTimersByTimeAsync(LAG_MS);
    const late = await read(server);
    expect(late.headers['x-portward-stale']).toBe('1');
    expect(decodeEngines(late).map((e) => [e.port, e.forwarded])).toEqual([
      [19_000, false],
      [19_001, false],
    ]);
  });

  test('a pending workflow task that no worker carries out makes the list stale', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.grow({ settled: false });
    await jest.advanceTimersByTimeAsync(2_000);
    expect((await read(server)).headers['x-portward-stale']).toBe('2');
    // A query during a pending task would make the worker replay the workflow for the query alone.
    expect(vpn.asked).toHaveLength(1);
    vpn.grow();
    expect((await read(server)).headers['x-portward-stale']).toBeUndefined();
  });

  test("while the history can't be followed, the last list is served, marked stale, without a forwarded engine", async () => {
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

  test('a worker that leaves a query unanswered for 5 s counts as away, though no history shows it', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.answerEngines = () => new Later<EngineList>().promise;
    await jest.advanceTimersByTimeAsync(2_000 + 4_500);
    expect((await server.inject('/engines')).headers['x-portward-stale']).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await server.inject('/engines')).headers['x-portward-stale']).toBeDefined();
  });

  test('a worker that takes 3 s for each answer does not count as away', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    const server = await api([vpn]);
    const { body } = await server.inject('/engines');
    vpn.answerEngines = async (previous) => {
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      return previous ?? { version: 'none', engines: [] };
    };
    for (let s = 0; s < 30; s++) {
      await jest.advanceTimersByTimeAsync(1_000);
      const answer = await server.inject('/engines');
      expect([answer.body, answer.headers['x-portward-stale']]).toEqual([body, undefined]);
    }
  });

  test('when the history can be followed again, the list is no longer marked stale, even if there was no read meanwhile', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.fail();
    await jest.advanceTimersByTimeAsync(2_000);
    expect((await server.inject('/engines')).headers).toHaveProperty('x-portward-stale');
    vpn.list(forwardedEngine(19_000, 65_290));
    const response = await read(server);
    expect(response.headers['x-portward-stale']).toBeUndefined();
    expect(decodeEngines(response)).toMatchObject([{ forwarded: true }]);
  });

  test('after an outage the list stays marked stale until the workflow has answered', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.fail();
    await jest.advanceTimersByTimeAsync(10_000);
    const later = new Later<EngineList>();
    vpn.answerEngines = () => later.promise;
    vpn.grow();
    expect((await read(server)).headers['x-portward-stale']).toBe('10');
    later.resolve({ version: '2', engines: [plainEngine(19_001)] });
    const response = await read(server);
    expect(response.headers['x-portward-stale']).toBeUndefined();
    expect(decodeEngines(response).map((e) => e.port)).toEqual([19_001]);
  });

  test('however many clients read, a workflow that does not answer is queried at growing pauses', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.answerEngines = () => Promise.reject(new Error('deadline exceeded'));
    vpn.grow();
    await jest.advanceTimersByTimeAsync(LAG_MS);
    for (let n = 0; n < 50; n++) {
      // The list has been behind for longer than reads wait, so they do not wait.
      await server.inject('/engines');
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(vpn.asked.length).toBeLessThanOrEqual(15);
  });

  test("a list from before the worker's start is marked stale until the worker has observed the VPN", async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    vpn.current = false;
    const server = await api([vpn]);
    const before = await server.inject('/engines');
    expect(before.headers['x-portward-stale']).toBe('0');
    expect(decodeEngines(before)).toMatchObject([{ port: 19_000, forwarded: false }]);
    vpn.current = true;
    vpn.grow();
    const after = await read(server);
    expect(after.headers['x-portward-stale']).toBeUndefined();
    expect(decodeEngines(after)).toMatchObject([{ forwarded: true }]);
  });

  test('while a new workflow has no list yet, the last list is served, marked stale', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    vpn.notObserved = true;
    vpn.grow();
    const between = await read(server);
    expect(between.headers['x-portward-stale']).toBe('0');
    expect(decodeEngines(between)).toMatchObject([{ port: 19_000, forwarded: false }]);
    vpn.notObserved = false;
    vpn.list();
    expect((await read(server)).json()).toEqual([]);
  });

  test('the lists of the process before are served from the start, marked stale, until the workflow answers', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_001)]);
    const later = new Later<EngineList>();
    vpn.answerEngines = () => later.promise;
    const { lists, keep } = lastLists({ gluetun: forwardedEngine(19_000, 65_290) });
    const server = await api([vpn], { lastLists: lists });
    const before = await read(server);
    expect(before.headers['x-portward-stale']).toBe('4');
    expect(decodeEngines(before)).toMatchObject([{ port: 19_000, forwarded: false }]);
    expect(keep).not.toHaveBeenCalled();
    later.resolve({ version: '2', engines: [plainEngine(19_001)] });
    const after = await read(server);
    expect(after.headers['x-portward-stale']).toBeUndefined();
    expect(decodeEngines(after)).toMatchObject([{ port: 19_001 }]);
    expect(keep).toHaveBeenCalledTimes(1);
  });

  test('a VPN that does not answer is shown with the lists of the process before, so that no list lacks a VPN', async () => {
    const lost = new VpnStandIn('gluetun');
    lost.fail();
    const well = new VpnStandIn('gluetun2', [plainEngine(19_500)]);
    const { lists } = lastLists({ gluetun: plainEngine(19_000), gluetun2: plainEngine(19_500) });
    const server = await api([lost, well], { lastLists: lists });
    const shown = async () => decodeEngines(await read(server)).map((e) => e.port);
    for (let ms = 0; ms < STALE_LIMIT_MS; ms += 1_000 + PATIENCE_MS) {
      expect(await shown()).toEqual([19_000, 19_500]);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    lost.list(plainEngine(19_001));
    expect(await shown()).toEqual([19_001, 19_500]);
  });

  test('after a start, a VPN without a list is not left out before ENGINES_STALE_LIMIT_S', async () => {
    const silent = new VpnStandIn('gluetun');
    silent.fail();
    const server = await api([silent, new VpnStandIn('gluetun2', [plainEngine(19_500)])]);
    await jest.advanceTimersByTimeAsync(STARTED_MS);
    for (let s = STARTED_MS / 1_000; s < STALE_LIMIT_MS / 1_000; s++) {
      expect((await server.inject('/engines')).statusCode).toBe(503);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(decodeEngines(await server.inject('/engines')).map((e) => e.port)).toEqual([19_500]);
  });

  test('a clock that is set back changes nothing', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    await server.inject('/engines');
    jest.setSystemTime(Date.now() - 3_600_000);
    vpn.list(plainEngine(19_001));
    expect(decodeEngines(await read(server)).map((e) => e.port)).toEqual([19_001]);
  });

  test('after ENGINES_STALE_LIMIT_S without an answer, a read is a 503 that names the VPN and says for how long', async () => {
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

  test('without any list, a read waits until 2.5 s after the start, then it is a 503 with the reason', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.notObserved = true;
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
    expect(detail(response)).toBe("no list of engines: gluetun: VPN 'gluetun' has not been observed yet");
  });

  test('a read before the first list is answered as soon as there is a list', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.fail();
    const server = await api([vpn]);
    const request = server.inject('/engines');
    await jest.advanceTimersByTimeAsync(1_000);
    vpn.list(plainEngine(19_000));
    await jest.advanceTimersByTimeAsync(200);
    expect(decodeEngines(await request)).toHaveLength(1);
  });

  test('a VPN whose workflow never answers does not keep the engines of another VPN from the list', async () => {
    const down = new VpnStandIn('gluetun');
    const up = new VpnStandIn('gluetun2', [forwardedEngine(19_500, 51_234)]);
    down.fail();
    const server = await api([down, up]);
    const first = server.inject('/engines');
    await jest.advanceTimersByTimeAsync(STARTED_MS + PATIENCE_MS);
    // A client would take a list without one of the VPNs for a complete list.
    expect((await first).statusCode).toBe(503);
    await jest.advanceTimersByTimeAsync(STALE_LIMIT_MS);
    const response = await read(server);
    expect(decodeEngines(response)).toMatchObject([{ port: 19_500, forwarded: true }]);
    expect(response.headers['x-portward-stale']).toBeDefined();
  });

  test('a VPN that stops answering loses its forwarded mark, then its engines; another VPN keeps both', async () => {
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
}
