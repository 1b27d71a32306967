import { Type } from '@sinclair/typebox';
import type { ProxyStream, StrictProxyClient } from '../../simulator/proxy-client-strict';
import { steadily } from '../program/steadily';
import { Stage } from '../program/stage';
import { until } from '../simulator/until';
import { Audience } from './audience';
import { ContractClient } from './client';
import { API_KEY, strictProxy } from './proxy-stage';
import * as shape from './shapes';

// With DRAIN_TIMEOUT_S a viewer can watch a film to its end although the port changes in the middle.

/** Longer than the grace: without DRAIN_TIMEOUT_S the old engine would be gone. */
const BEYOND_THE_GRACE_MS = 4_000;
const LONG_S = '600';

let stage: Stage;
let proxy: StrictProxyClient;
let port = 50_001;

beforeAll(async () => {
  const env = { API_KEY, MIN_REPLICAS: '2', MIN_FREE_REPLICAS: '0', DRAIN_TIMEOUT_S: LONG_S };
  stage = await Stage.start({ docker: 'simulated', vpns: [{ port }], env });
  await stage.forwarded(port);
  proxy = strictProxy(stage, { statusEveryMs: 1_000 });
  await proxy.start();
}, 120_000);

afterAll(() => stage?.clear());

/** Plays on the forwarded engine: the proxy ranks it first if all engines are healthy and without a stream. */
async function playedOnForwarded(key: string): Promise<ProxyStream> {
  await until('two healthy engines', async () => {
    const engines = await stage.listed(2);
    return engines.every(({ health_status: health }) => health === 'healthy');
  });
  const film = await proxy.open(key);
  expect(film.engine.id).toBe((await stage.forwarded(port)).container_id);
  return film;
}

/** Changes the port during the stream. Resolves when the new engine is listed. */
async function changedUnder(film: ProxyStream): Promise<{ old: string; fresh: string }> {
  const old = film.engine.id ?? '';
  port += 1;
  await stage.vpn().changePort(port);
  const fresh = (await stage.forwarded(port)).container_id;
  return { old, fresh };
}

const runs = async (id: string) => (await stage.containers()).some((c) => c.id === id && c.running);

test('a replaced engine with a stream leaves /engines at once, goes on with the stream, and is removed when its last stream has ended', async () => {
  const api = new ContractClient(stage.portward.url);
  const film = await playedOnForwarded('a long film');
  const audience = new Audience(proxy);
  audience.zap(2);
  // The new engine has not waited for the old one, which is no longer listed.
  const { old, fresh } = await changedUnder(film);
  const listed = (await stage.engines()).map((e) => e.container_id);
  expect([listed.includes(old), listed.includes(fresh)]).toEqual([false, true]);
  const before = film.playback.bytes;
  await steadily('the old engine runs and is hidden', BEYOND_THE_GRACE_MS, async () => {
    const isListed = (await stage.engines()).some((e) => e.container_id === old);
    return !isListed && (await runs(old));
  });
  expect(film.playback.bytes).toBeGreaterThan(before);
  const counted = await api.expect(
    `GET /streams?container_id=${old}&status=started`,
    200,
    Type.Array(shape.StreamState),
  );
  expect(counted.map((s) => s.id)).toContain(film.id);

  const end = await film.playback.stop();
  await film.over;
  expect(end).toEqual({ by: 'viewer' });
  await until('the old engine gone', async () => !(await runs(old)), 30_000);
  await stage.quiet();
  await audience.leave();
  expect(audience.seen.filter(({ outcome }) => outcome !== 'played')).toEqual([]);
  expect(proxy.requests.failures).toEqual([]);
}, 120_000);
