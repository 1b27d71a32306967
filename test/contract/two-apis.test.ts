import { isDeepStrictEqual } from 'node:util';
import { Type, type Static } from '@sinclair/typebox';
import type { Answer } from '../../simulator/http-exchange';
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

// Two APIs and one worker, with a proxy for each API: what one API has confirmed holds at the other as well, and both together make one
// engine for one request. Each test builds on the ones before it.

const ROUNDS = ALL ? 40 : 4;
const BOTH = [0, 1] as const;
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
/** The number of lists that were answered with 200. */
let lists = 0;
/** Lists without any engine of one of the VPNs. */
const incomplete: string[] = [];

beforeAll(async () => {
  stage = await Stage.inMemory();
  await stage.addVpns([{ port: 50_001 }, { port: 51_001 }]);
  await Promise.all(stage.vpns.map((vpn) => vpn.untilHealth('healthy')));
  const settings = {
    ...NO_PROXY,
    ...{ API_KEY, API_CHANGES_PER_MINUTE: '0' },
    ...{ MIN_REPLICAS: '6', MIN_FREE_REPLICAS: '0', ENGINE_GRACE_PERIOD_S: '600' },
  };
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

/** Resolves when both APIs list all engines and no replacement runs. An API that has only just started has no list. */
async function atRest(): Promise<void> {
  for (const api of apis)
    await until('all engines', async () => {
      const { status, body } = await api.send('GET /engines');
      return status === 200 && decoded(Type.Array(shape.Engine), body).length === 6;
    });
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
}

/** Reads the list once, as a polling client. While an API starts, it may not answer. */
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

test('both APIs give the same list the same ETag, and each answers 304 to the ETag of the other', async () => {
  // Streams that end at once, because each API collects the health of engines and the statistics of running streams by itself.
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
    // The list may have changed between the two requests, because of a health check.
    return known.every(({ status, body }) => status === 304 && body === '') && one.tag;
  });
  expect(tag).toMatch(/^W\/"/);
}, 60_000);

test('a report of a stream that one API has answered is in the lists and metrics of the other', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [to, other] = round % 2 === 0 ? BOTH_WAYS[0] : BOTH_WAYS[1];
    const film = await proxies[to].open(`round-${round}`);
    const engine = film.engine.id ?? '';
    await untilShown(other, engine, { streams: [film.id], onEngine: [film.id], counted: 1 });
    await film.playback.stop();
    await film.over;
    await untilShown(other, engine, { streams: [], onEngine: [], counted: 0 });
  }
  expect(proxies.flatMap((proxy) => proxy.requests.failures)).toEqual([]);
}, 60_000);

/** Waits, because on a busy machine the other API may get the change from Temporal late. */
async function untilShown(n: 0 | 1, engine: string, wanted: Awaited<ReturnType<typeof shownBy>>): Promise<void> {
  await until('the streams shown', async () => isDeepStrictEqual(await shownBy(n, engine), wanted));
}

/** Waits for the same reason. */
async function hiddenBy(n: 0 | 1, engine: string): Promise<void> {
  await until(`${engine} hidden`, async () => !(await idsOf(n)).includes(engine));
}

test.each(BOTH_WAYS)(
  'an engine that API %i removes or replaces is also hidden by API %i',
  async (to, other) => {
    const vpn = stage.vpn(to);
    const listed = (await engines(to)).filter((e) => e.vpn_container === vpn.name);
    const plain = listed.find((e) => !e.forwarded)?.container_id ?? '';
    await apis[to].expect(`DELETE /containers/${plain}`, 200, shape.Deleted);
    await hiddenBy(other, plain);
    const forwarded = listed.find((e) => e.forwarded)?.container_id ?? '';
    const answer = await apis[to].send(`POST /vpns/${vpn.name}/replacements`, { body: { reason: 'to see' } });
    expect(answer.status).toBe(202);
    await hiddenBy(other, forwarded);
    await atRest();
  },
  60_000,
);

/** A port of the first VPN. Without it the engine could come up on the other VPN if the first one does not answer in time. */
const host_port = 19_400;

/** Requests an engine, with the time limit of a proxy. */
function provision(n: 0 | 1, body: object): Promise<Answer> {
  return apis[n].send('POST /provision/acestream', { body, limitMs: 3_000 });
}

/** Repeats the request, as proxies do, while the refusal says to wait: on a busy machine a container may take longer than 3 s. */
async function provisioned(n: 0 | 1, body: object): Promise<Static<typeof shape.Provisioned>> {
  return until('an engine on request', async () => {
    const { status, body: answer } = await provision(n, body);
    if (status === 200) return decoded(shape.Provisioned, answer);
    const { can_retry, should_wait } = decoded(shape.Refusal, answer).detail;
    if (can_retry && should_wait) return null;
    throw new Error(`expected 200, found ${status} ${answer}`);
  });
}

/** The ids of the containers with that label, on both VPNs. */
async function labelled(stream_id: string): Promise<string[]> {
  const containers = await Promise.all(stage.vpns.map((vpn) => stage.containers(vpn)));
  return containers.flat().flatMap(({ id, labels }) => (labels['stream_id'] === stream_id ? [id] : []));
}

/** Resolves with the id of the listed engine. @param name its name or id: an answer has the name if there is no container yet */
async function listedBy(n: 0 | 1, name: string): Promise<string> {
  const engine = await until(`${name} listed`, async () =>
    (await engines(n)).find((e) => [e.container_id, e.container_name].includes(name)),
  );
  return engine.container_id;
}

/** Removes the engine. Repeats the request while its VPN's workflow does not answer: a worker that has only just started may be busy. */
async function remove(id: string): Promise<void> {
  let isRepeated = false;
  await until('the request taken', async () => {
    const { status, body } = await apis[0].send(`DELETE /containers/${id}`);
    // The workflow may carry out a request that it has not answered in time.
    if (isRepeated && status === 404) return true;
    isRepeated = true;
    if (status === 503) return false;
    expect([status, body]).toEqual([200, JSON.stringify({ deleted: id })]);
    return true;
  });
  await until('the container gone', async () => (await apis[1].send(`GET /containers/${id}`)).status === 404);
  await atRest();
}

test('a request for an engine that boots slowly is answered in time, and repeats get the same engine from either API', async () => {
  const body = { labels: { stream_id: 'slow' }, env: { STARTUP_MS: '8000' }, host_port };
  const first = await provisioned(0, body);
  expect(await idsOf(0)).not.toContain(first.container_id);
  const repeats = [await provisioned(1, body), ...(await Promise.all(BOTH.map((n) => provisioned(n, body))))];
  // An answer has the name as its id if there is no container yet.
  for (const { container_name, host_http_port } of repeats)
    expect({ container_name, host_http_port }).toEqual({
      container_name: first.container_name,
      host_http_port: first.host_http_port,
    });
  expect(await labelled('slow')).toHaveLength(1);
  await remove(await listedBy(1, first.container_id));
}, 60_000);

test('two APIs that get the same request at the same moment make one engine', async () => {
  const body = { labels: { stream_id: 'both' }, host_port };
  const [one, other] = await Promise.all(BOTH.map((n) => provisioned(n, body)));
  expect(one?.container_name).toBe(other?.container_name);
  const id = await listedBy(1, one?.container_id ?? '');
  expect(await labelled('both')).toEqual([id]);
  await remove(id);
});

test('SIGKILL of an API: the worker works on, and the next API process has the present list', async () => {
  const [old, vpn] = [await stage.forwarded(50_001), stage.vpn()];
  await stage.api.kill('SIGKILL');
  await vpn.changePort(50_101);
  await until('the engine on the new port, and nothing else', async () => {
    const containers = await stage.containers(vpn);
    const fresh = containers.some((c) => c.labels['acestream.p2p_port'] === '50101');
    return fresh && containers.every((c) => c.id !== old.container_id);
  });
  await stage.api.start();
  expect((await stage.listed(6)).map((e) => e.container_id)).not.toContain(old.container_id);
  expect((await stage.forwarded(50_101)).container_id).not.toBe(old.container_id);
  await atRest();
}, 60_000);

test('without a worker a request for an engine is refused in time, and the same request gets one engine afterwards', async () => {
  const body = { labels: { stream_id: 'no worker' }, host_port };
  for (const vpn of stage.vpns) await stage.atRest(vpn);
  await stage.portward.kill('SIGKILL');
  const refusals = [await provision(0, body), ...(await Promise.all(BOTH.map((n) => provision(n, body))))];
  for (const { status, body: answer } of refusals) {
    const { detail } = decoded(shape.Refusal, answer);
    expect({ status, ...detail }).toMatchObject({
      status: 503,
      ...{ code: 'general_error', can_retry: true, should_wait: true },
    });
  }
  await stage.portward.start();
  const made = await provisioned(0, body);
  const id = await listedBy(1, made.container_id);
  expect(await labelled('no worker')).toEqual([id]);
  await remove(id);
}, 120_000);

test('no list ever lacked a VPN, though APIs and the worker were killed and came back', async () => {
  const before = lists;
  await until('some more lists', () => lists > before + 10);
  await readers.stop();
  expect(incomplete).toEqual([]);
  expect(lists).toBeGreaterThan(100);
});
