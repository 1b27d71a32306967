import { NoStream, type StrictProxyClient } from '../../simulator/proxy-client-strict';
import type { Stage } from '../program/stage';
import { until } from '../simulator/until';
import { Audience } from './audience';
import { authorization, startPublishedStage, strictProxy } from './proxy-stage';

// A proxy that puts only one stream on an engine, and requests another engine when none has room.

let stage: Stage;
let proxy: StrictProxyClient;

beforeAll(async () => {
  stage = await startPublishedStage(
    50_001,
    { MIN_REPLICAS: '1', MIN_FREE_REPLICAS: '0', MAX_REPLICAS: '2', ENGINE_GRACE_PERIOD_S: '600' },
    // Longer than the answer to the proxy's POST takes, but shorter than the proxy waits afterwards.
    { STARTUP_MS: '3000' },
  );
  await stage.forwarded(50_001);
  proxy = strictProxy(stage, { room: 1, statusEveryMs: 200, afterProvisioningMs: 10_000 });
  await proxy.start();
}, 120_000);

afterAll(() => stage?.clear());

const blockedBecause = (code: string) =>
  until(`blocked because of ${code}`, async () => {
    const response = await fetch(`${stage.portward.url}/orchestrator/status`);
    return (await response.text()).includes(`"code":"${code}"`);
  });

test('a proxy without room gets an engine from one POST and plays on it at localhost; at the maximum it is told to wait', async () => {
  const first = await proxy.open('first');
  expect(first.engine.id).toBe((await stage.forwarded(50_001)).container_id);

  const second = await proxy.open('second');
  expect(second.engine).toMatchObject({ id: null, host: 'localhost' });
  expect(proxy.requests.byRoute.get('POST /provision/acestream')).toEqual({ tried: 1, failed: [] });
  const onRequest = (await stage.listed(2)).find((e) => e.port === second.engine.port);
  const counted = await until('the stream on its engine', async () => {
    const now = (await stage.engines()).find((e) => e.container_id === onRequest?.container_id);
    return now?.streams.includes(second.id);
  });
  expect(counted).toBe(true);

  await blockedBecause('max_capacity');
  const refused = await until('the proxy knows', async () => {
    const error: unknown = await proxy.open('third').catch((e: unknown) => e);
    return error instanceof NoStream && /may be requested/.test(error.message) ? error : null;
  });
  expect(refused.engine).toBeNull();

  const from = stage.portward.logLines.length;
  await second.playback.stop();
  await second.over;
  // While it had a stream, the engine counted as wanted.
  await stage.portward.untilLog(/Target is now 1 engines/, { from });
  const collected = await fetch(`${stage.portward.url}/gc`, { method: 'POST', headers: { authorization } });
  expect(collected.status).toBe(200);
  await until('the unused engine gone', async () => (await stage.containers()).length === 1, 40_000);
  expect((await first.playback.stop()).by).toBe('viewer');
  await first.over;
  expect(proxy.requests.failures.filter((failure) => !failure.startsWith('POST /provision'))).toEqual([]);
}, 120_000);

test('while its only engine is replaced, a proxy is given the new engine, and every viewer gets a stream', async () => {
  const watching = strictProxy(stage, { afterProvisioningMs: 10_000 });
  await watching.start();
  const audience = new Audience(watching);
  audience.zap(3);
  await until('viewers', () => audience.seen.length > 5);
  const posts = () => watching.requests.byRoute.get('POST /provision/acestream') ?? { tried: 0, failed: [] };
  expect(posts().tried).toBe(0);

  await stage.vpn().changePort(50_002);
  const { container_id: fresh, port } = await stage.forwarded(50_002);
  await until('a viewer on an engine that the proxy has requested', () =>
    audience.seen.some(({ engine, outcome }) => engine?.id === null && outcome === 'played'),
  );
  await audience.leave();
  await stage.quiet();

  expect(posts().tried).toBeGreaterThan(0);
  expect(watching.requests.failures).toEqual([]);
  expect(audience.seen.filter(({ outcome }) => outcome !== 'played')).toEqual([]);
  const asked = audience.seen.filter(({ engine }) => engine?.id === null);
  expect(new Set(asked.map(({ engine }) => engine?.port))).toEqual(new Set([port]));
  expect((await stage.containers()).map((c) => c.id)).toEqual([fresh]);
}, 120_000);

test('while the VPN is down the proxy is told to wait, and why', async () => {
  await stage.vpn().stop();
  await blockedBecause('vpn_disconnected');
  const refused = await until('nothing to play on', async () => {
    const error: unknown = await proxy.open('fourth').catch((e: unknown) => e);
    return error instanceof NoStream && error.engine === null ? error : null;
  });
  expect(refused.message).toMatch(/none may be requested|the request for one failed/);
});
