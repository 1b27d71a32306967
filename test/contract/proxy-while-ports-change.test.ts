import type { ProxyStream, StrictProxyClient } from '../../simulator/proxy-client-strict';
import { Stage } from '../program/stage';
import { until } from '../simulator/until';
import { Audience, type Seen } from './audience';
import { API_KEY, authorization, strictProxy } from './proxy-stage';

// A proxy that uses the whole contract works all the time, while ports change, an engine is replaced by hand, and one is killed. Without
// DRAIN_TIMEOUT_S a stream on a replaced engine is cut.

let stage: Stage;
let proxy: StrictProxyClient;
let audience: Audience;
let staying: readonly ProxyStream[];
let killed = '';

beforeAll(async () => {
  const env = { API_KEY, MIN_REPLICAS: '4', PORT_CHANGE_SPACING_MAX_S: '0', EVICTION_GRACE_S: '5' };
  stage = await Stage.start({ docker: 'simulated', vpns: [{ port: 50_001 }, { port: 50_002 }], env });
  await stage.listed(4);
  proxy = strictProxy(stage, { statusEveryMs: 1_000 });
  await proxy.start();
  audience = new Audience(proxy);
  staying = await audience.stay(4);
  audience.zap(2);

  await Promise.all([changeTo(51_001, 0), replaceByHand(50_002, 1)]);
  await Promise.all([changeTo(52_001, 0), kill(1)]);
  await audience.leave();
}, 240_000);

afterAll(() => stage?.clear());

async function changeTo(port: number, index: number): Promise<void> {
  const vpn = stage.vpn(index);
  await vpn.changePort(port);
  await stage.forwarded(port, vpn);
  await stage.quiet(vpn);
}

async function replaceByHand(port: number, index: number): Promise<void> {
  const vpn = stage.vpn(index);
  const before = await stage.forwarded(port, vpn);
  const response = await stage.replace({ reason: 'to see' }, { authorization }, vpn);
  expect(response.status).toBe(202);
  await until('another forwarded engine', async () => {
    const now = (await stage.engines()).find((e) => e.forwarded && e.vpn_container === vpn.name);
    return now && now.container_id !== before.container_id;
  });
  await stage.quiet(vpn);
}

async function kill(index: number): Promise<void> {
  const vpn = stage.vpn(index);
  const victim = (await stage.engines()).find((e) => !e.forwarded && e.vpn_container === vpn.name);
  if (!victim) throw new Error(`no plain engine on ${vpn.name}`);
  killed = victim.container_id;
  await stage.simulation.docker.getContainer(killed).kill();
  await until(
    'the killed engine gone',
    async () => (await stage.containers(vpn)).every((c) => c.id !== killed),
    40_000,
  );
  // If every engine has a stream, Portward adds one more.
  await until('engines enough', async () => (await stage.engines()).length >= 4);
}

function seen(outcome: Seen['outcome']): Seen[] {
  return audience.seen.filter((s) => s.outcome === outcome);
}

test('not one request to the API fails, on any route that the proxy uses', () => {
  expect(proxy.requests.failures).toEqual([]);
  const { byRoute } = proxy.requests;
  const used = ['GET /engines', 'GET /orchestrator/status', 'GET /streams'];
  const reported = ['POST /events/stream_ended', 'POST /events/stream_started'];
  expect([...byRoute.keys()].toSorted()).toEqual([...used, ...reported].toSorted());
  for (const { tried } of byRoute.values()) expect(tried).toBeGreaterThan(2);
});

test('every viewer gets a stream, except those for whom the proxy chose the engine that was killed', () => {
  expect(seen('nothing').filter(({ engine }) => engine?.id !== killed)).toEqual([]);
  expect(seen('played').length).toBeGreaterThan(10);
});

test('a stream is cut if its engine was replaced or killed, and only then', async () => {
  const replacements = (await Promise.all(stage.vpns.map((vpn) => stage.replacements(vpn)))).flat();
  const gone = new Set(replacements.flatMap((r) => r.old_engine?.container_id ?? []));
  expect(gone).toContain(killed);
  const cut = seen('cut');
  expect(cut.filter(({ engine }) => !gone.has(engine?.id ?? ''))).toEqual([]);
  // Of the viewers that stayed, exactly those on a removed engine were cut off.
  const onGone = staying.filter(({ engine }) => gone.has(engine.id ?? ''));
  expect(onGone.length).toBeGreaterThan(0);
  const ends = await Promise.all(staying.map(({ over }) => over));
  expect(staying.filter((_, i) => ends[i]?.by === 'engine')).toEqual(onGone);
});

test('every reported stream has ended at Portward as well', async () => {
  const running = await until('no running stream', async () => {
    const response = await fetch(`${stage.portward.url}/streams?status=started`);
    const streams: unknown = await response.json();
    return Array.isArray(streams) && streams.length === 0 && { streams };
  });
  expect(running.streams).toEqual([]);
});
