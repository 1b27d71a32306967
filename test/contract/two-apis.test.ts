import { Type, type Static } from '@sinclair/typebox';
import { freePorts } from '../../simulator/free-ports';
import type { PortwardProcess } from '../../simulator/portward-process';
import { decoded } from '../../simulator/proxy-client-shapes';
import type { StrictProxyClient } from '../../simulator/proxy-client-strict';
import { parseExposition, valueOf } from '../api/metrics/exposition';
import { meanwhile } from '../program/meanwhile';
import { NO_PROXY, Stage } from '../program/stage';
import { until } from '../simulator/until';
import { ALL } from '../repetitions';
import { ContractClient } from './client';
import { API_KEY, strictProxy } from './proxy-stage';
import * as shape from './shapes';

// Two APIs beside one worker, each with a proxy of its own: what one has answered comes true on the other. The tests follow on one another.

const ROUNDS = ALL ? 40 : 4;
const BOTH_WAYS = [
  [0, 1],
  [1, 0],
] as const;

let stage: Stage;
let second: PortwardProcess;
let urls: readonly [string, string];
let apis: readonly [ContractClient, ContractClient];
let proxies: readonly [StrictProxyClient, StrictProxyClient];
let readers: { readonly stop: () => Promise<void> };
/** Lists that were given with 200. */
let lists = 0;
/** Those that lacked all engines of a VPN. */
const incomplete: string[] = [];

beforeAll(async () => {
  stage = await Stage.inMemory();
  await stage.addVpns([{ port: 50_001 }, { port: 51_001 }]);
  await Promise.all(stage.vpns.map((vpn) => vpn.untilHealth('healthy')));
  const settings = { ...NO_PROXY, API_KEY, MIN_REPLICAS: '6', MIN_FREE_REPLICAS: '0' };
  await stage.startPortward(settings, {}, true);
  const [port = 0] = await freePorts(1);
  second = stage.portward.beside('api', {}, port);
  stage.onClear(() => second.stop());
  await second.start();
  urls = [stage.api.url, second.url];
  apis = [new ContractClient(urls[0]), new ContractClient(urls[1])];
  proxies = [strictProxy(stage, { url: urls[0] }), strictProxy(stage, { url: urls[1] })];
  await atRest();
  readers = meanwhile(() => Promise.all(urls.map(read)));
  stage.onClear(() => readers.stop());
}, 120_000);

afterAll(() => stage?.clear());

/** Resolves when both list all engines; one that has only just started has no list. */
async function atRest(): Promise<void> {
  for (const api of apis)
    await until('all engines', async () => {
      const { status, body } = await api.send('GET /engines');
      return status === 200 && decoded(Type.Array(shape.Engine), body).length === 6;
    });
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
}

/** As anybody who polls; while an API starts, it may not answer. */
async function read(url: string): Promise<void> {
  const response = await fetch(`${url}/engines`).catch(() => null);
  if (response?.status !== 200) return;
  lists++;
  const listed = (await response.json()) as Static<typeof shape.Engine>[];
  const missing = stage.vpns.filter(({ name }) => listed.every((e) => e.vpn_container !== name));
  if (missing.length > 0) incomplete.push(`${url}: nothing of ${missing.map((v) => v.name).join()}`);
}

const engines = (n: 0 | 1) => apis[n].expect('GET /engines', 200, Type.Array(shape.Engine));
const idsOf = async (n: 0 | 1) => (await engines(n)).map((e) => e.container_id);

async function shownBy(n: 0 | 1, engine: string) {
  const [streams, listed, metrics] = await Promise.all([
    apis[n].expect('GET /streams?status=started', 200, Type.Array(shape.StreamState)),
    engines(n),
    apis[n].send('GET /metrics', { key: null }),
  ]);
  return {
    streams: streams.map((s) => s.id),
    onEngine: listed.find((e) => e.container_id === engine)?.streams,
    counted: valueOf(parseExposition(metrics.body), 'orch_total_streams'),
  };
}

async function asked(n: 0 | 1, headers: Record<string, string>) {
  const response = await fetch(`${urls[n]}/streams`, { headers });
  const { status } = response;
  return {
    status,
    tag: response.headers.get('etag') ?? '',
    gzip: response.headers.has('content-encoding'),
    body: await response.text(),
  };
}

test('both name the same list by the same tag, and who has it from one is told by the other that it is still so', async () => {
  // Streams that have ended at once: of engines, and of streams that have played, each API asks for something itself.
  const [engine] = await engines(0);
  const { container_id, host, port } = engine ?? {};
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    const session = { playback_session_id: id, stat_url: '', command_url: '', is_live: 1 };
    const stream = { key_type: 'infohash', key: id.repeat(200) };
    const body = { container_id, engine: { host, port }, stream, session, labels: { stream_id: id } };
    await apis[0].expect('POST /events/stream_started', 200, shape.StreamState, { body });
    const end = { container_id, stream_id: id };
    await apis[1].expect('POST /events/stream_ended', 200, shape.StreamEnded, { body: end });
  }
  const tag = await until('the same list', async () => {
    const [one, other] = await Promise.all([
      asked(0, { 'accept-encoding': 'gzip' }),
      asked(1, { 'accept-encoding': 'identity' }),
    ]);
    expect([one.gzip, other.gzip]).toEqual([true, false]);
    expect(one.tag === other.tag).toBe(one.body === other.body);
    if (one.tag !== other.tag) return null;
    const known = await Promise.all([asked(0, { 'if-none-match': other.tag }), asked(1, { 'if-none-match': one.tag })]);
    // A check may have come between.
    return known.every(({ status, body }) => status === 304 && body === '') && one.tag;
  });
  expect(tag).toMatch(/^W\/"/);
}, 60_000);

test('a report of a stream that one API has answered is in the lists and metrics of the other', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [to, other] = round % 2 === 0 ? BOTH_WAYS[0] : BOTH_WAYS[1];
    const film = await proxies[to].open(`round-${round}`);
    const engine = film.engine.id ?? '';
    expect(await shownBy(other, engine)).toEqual({ streams: [film.id], onEngine: [film.id], counted: 1 });
    await film.playback.stop();
    await film.over;
    expect(await shownBy(other, engine)).toEqual({ streams: [], onEngine: [], counted: 0 });
  }
  expect(proxies.flatMap((proxy) => proxy.requests.failures)).toEqual([]);
}, 60_000);

test.each(BOTH_WAYS)(
  'an engine that API %i was told to remove, or has replaced, is hidden on API %i by then',
  async (to, other) => {
    const vpn = stage.vpn(to);
    const listed = (await engines(to)).filter((e) => e.vpn_container === vpn.name);
    const plain = listed.find((e) => !e.forwarded)?.container_id ?? '';
    await apis[to].expect(`DELETE /containers/${plain}`, 200, shape.Deleted);
    expect(await idsOf(other)).not.toContain(plain);
    const forwarded = listed.find((e) => e.forwarded)?.container_id ?? '';
    const answer = await apis[to].send(`POST /vpns/${vpn.name}/replacements`, { body: { reason: 'to see' } });
    expect(answer.status).toBe(202);
    expect(await idsOf(other)).not.toContain(forwarded);
    await atRest();
  },
  60_000,
);

test('no list is ever half or empty, though an API, and then the worker, is killed and comes back', async () => {
  await second.kill('SIGKILL');
  await second.start();
  await atRest();
  for (const vpn of stage.vpns) await stage.atRest(vpn);
  await stage.portward.kill('SIGKILL');
  await stage.portward.start();
  await atRest();
  const before = lists;
  await until('some more lists', () => lists > before + 10);
  await readers.stop();
  expect(incomplete).toEqual([]);
  expect(lists).toBeGreaterThan(100);
}, 120_000);
