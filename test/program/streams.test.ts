import { freePorts } from '../../simulator/free-ports';
import type { EngineJson } from '../../src/api/schemas/engines';
import type { StreamJson, StreamSampleJson } from '../../src/api/schemas/streams';
import { parseExposition, valueOf, type Family } from '../api/metrics/exposition';
import { until } from '../simulator/until';
import { Stage } from './stage';
import { steadily } from './steadily';

const COLLECT_INTERVAL_S = 1;
const STATS_HISTORY_MAX = 3;
const GRACE_S = 1;

let stage: Stage;
let engine: EngineJson;
let metricsPort = 0;
/** A stream that its engine forgets; a later test waits for its end. */
let forgotten: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  [metricsPort = 0] = await freePorts(1);
  stage = await Stage.start({
    docker: 'simulated',
    apart: true,
    env: {
      // An engine with a stream must not cause another one.
      MIN_FREE_REPLICAS: '0',
      // Two requests are made between an engine's eviction and its stop.
      EVICTION_GRACE_S: '6',
      ENGINE_GRACE_PERIOD_S: String(GRACE_S),
      COLLECT_INTERVAL_S: String(COLLECT_INTERVAL_S),
      STATS_HISTORY_MAX: String(STATS_HISTORY_MAX),
      PORTWARD_METRICS_PORT: String(metricsPort),
    },
  });
  engine = await stage.forwarded(65_290);
  // Now, for the last test: an engine that was never used does not count as idle in its first 10 s.
  await scale(4);
  await stage.listed(4);
});
afterAll(() => stage?.clear());

async function scale(count: number): Promise<void> {
  expect((await fetch(`${stage.portward.url}/scale/${count}`, { method: 'POST' })).status).toBe(200);
}

interface Session {
  readonly playback_session_id: string;
  readonly stat_url: string;
  readonly command_url: string;
}

/** Opens a playback at the engine, which a proxy does before it reports the stream. */
async function play(on: EngineJson, key: string): Promise<Session> {
  const answer = await fetch(`http://${stage.vpn().address}:${on.port}/ace/getstream?format=json&id=${key}`);
  const { response } = (await answer.json()) as { response: Session };
  return response;
}

/** A proxy's report; its `container_id` is the proxy's own setting, not the engine's id. */
function report(on: EngineJson, key: string, session: Session): object {
  const { playback_session_id, stat_url, command_url } = session;
  return {
    container_id: 'acexy',
    engine: { host: on.host, port: on.port },
    stream: { key_type: 'infohash', key },
    session: { playback_session_id, stat_url, command_url, is_live: 1 },
    labels: { stream_id: `${key}|${playback_session_id}` },
    an_unknown_field: 1,
  };
}

function post(path: string, body: object): Promise<Response> {
  return fetch(`${stage.portward.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function start(key: string, on = engine): Promise<{ session: Session; stream: StreamJson }> {
  const session = await play(on, key);
  const response = await post('/events/stream_started', report(on, key, session));
  expect(response.status).toBe(200);
  return { session, stream: (await response.json()) as StreamJson };
}

const startedOn = (id: string) => stage.get<StreamJson[]>(`/streams?container_id=${id}&status=started`);
const find = async (id: string) => (await stage.get<StreamJson[]>('/streams')).find((s) => s.id === id);
const engineNow = async () => (await stage.engines()).find((e) => e.container_id === engine.container_id);

test('a stream that is reported shows at once in /streams, and on its engine with the time of its last use', async () => {
  expect(engine).toMatchObject({ streams: [], last_stream_usage: null });
  const { stream, session } = await start('key-a');
  expect(stream).toMatchObject({
    id: `key-a|${session.playback_session_id}`,
    key_type: 'infohash',
    key: 'key-a',
    container_id: engine.container_id,
    stat_url: session.stat_url,
    is_live: true,
    status: 'started',
    ended_at: null,
  });
  expect(await startedOn(engine.container_id)).toMatchObject([{ id: stream.id, started_at: stream.started_at }]);
  const shown = await until('the stream on its engine', async () => {
    const now = await engineNow();
    return now?.streams.includes(stream.id) && now;
  });
  expect(shown.streams).toEqual([stream.id]);
  expect(Date.parse(shown.last_stream_usage ?? '')).toBeGreaterThanOrEqual(Date.parse(stream.started_at));
  const { streams } = await stage.get<{ streams: StreamJson[] }>(`/engines/${engine.container_id}`);
  expect(streams.map((s) => s.id)).toEqual([stream.id]);
});

test('the statistics of a stream come from its engine, through the worker, and are kept', async () => {
  const { stream } = await start('key-b');
  forgotten = await start('key-e');
  const shown = await until('its statistics', async () => {
    const now = await find(stream.id);
    return now && now.peers !== null && now;
  });
  await until('those of the other', async () => (await find(forgotten.stream.id))?.peers === 3);
  await fetch(`${forgotten.session.command_url}?method=stop`);
  expect(shown).toMatchObject({ peers: 3, speed_up: 1, downloaded: 0, uploaded: 0 });
  const path = `/streams/${encodeURIComponent(stream.id)}/stats`;
  const samples = await until('three samples', async () => {
    const found = await stage.get<StreamSampleJson[]>(path);
    return found.length === 3 && found;
  });
  expect(samples[0]).toEqual({
    ts: expect.any(String),
    peers: 3,
    speed_down: expect.any(Number),
    speed_up: 1,
    downloaded: 0,
    uploaded: 0,
    status: 'dl',
  });
  const times = samples.map(({ ts }) => Date.parse(ts));
  // Each sample is there once and in order, though every heartbeat repeats the samples of the previous one.
  expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  const since = samples[2]?.ts ?? '';
  const later = await stage.get<StreamSampleJson[]>(`${path}?since=${encodeURIComponent(since)}`);
  expect(later[0]?.ts).toBe(since);
  const newest = await until('the first sample forgotten', async () => {
    const found = await stage.get<StreamSampleJson[]>(path);
    return found[0]?.ts !== samples[0]?.ts && found;
  });
  expect(newest).toHaveLength(STATS_HISTORY_MAX);
  expect(await (await fetch(`${stage.portward.url}/streams/nobody/stats`)).json()).toEqual([]);
});

test('a stream that its engine no longer knows is ended', async () => {
  const { stream } = forgotten;
  const ended = await until('the end', async () => {
    const now = await find(stream.id);
    return now?.status === 'ended' && now;
  });
  expect(ended.ended_at).not.toBeNull();
  await until('nothing of it on the engine', async () => !(await engineNow())?.streams.includes(stream.id));
  await stage.portward.untilLog(new RegExp(`Stream key-e\\|.* ended: its engine does not know it`));
});

async function scrape(url: string): Promise<Map<string, Family>> {
  return parseExposition(await (await fetch(`${url}/metrics`)).text());
}

test('a separate worker serves its metrics at its own port, and a separate API only its own', async () => {
  const ofWorker = await scrape(`http://127.0.0.1:${metricsPort}`);
  expect(valueOf(ofWorker, 'portward_port_reads_total', { vpn: stage.vpn().name, result: 'ok' })).toBeGreaterThan(0);
  expect([...ofWorker.keys()].filter((name) => name.startsWith('orch_'))).toEqual([]);
  const ofApi = await scrape(stage.api.url);
  expect(valueOf(ofApi, 'orch_healthy_engines')).toBeGreaterThan(0);
  expect([...ofApi.keys()].filter((name) => name.startsWith('temporal_') || name.includes('worker'))).toEqual([]);
});

test('SIGKILL of worker and API loses no stream that was accepted, and later reports work as before', async () => {
  const { stream } = await start('key-f');
  const before = (await stage.get<StreamJson[]>('/streams')).map((s) => [s.id, s.started_at, s.status]);
  await stage.api.kill('SIGKILL');
  await stage.atRest();
  await stage.portward.kill('SIGKILL');
  await Promise.all([stage.portward.start(), stage.api.start()]);
  const after = await until('the streams', async () => {
    const response = await fetch(`${stage.portward.url}/streams`);
    // A list marked stale may be older.
    const isPresent = response.ok && !response.headers.has('x-portward-stale');
    return isPresent && ((await response.json()) as StreamJson[]);
  });
  expect(after.map((s) => [s.id, s.started_at, s.status])).toEqual(before);
  const response = await post('/events/stream_ended', { stream_id: stream.id });
  expect(await response.json()).toMatchObject({ updated: true, stream: { id: stream.id } });
});

test('an event for an engine that is being replaced is accepted and counted on it', async () => {
  const session = await play(engine, 'key-g');
  expect((await stage.replace()).status).toBe(202);
  await until('the engine gone from the list', async () => (await engineNow()) === undefined);
  const response = await post('/events/stream_started', report(engine, 'key-g', session));
  expect(response.status).toBe(200);
  const stream = (await response.json()) as StreamJson;
  expect(stream.container_id).toBe(engine.container_id);
  expect((await startedOn(engine.container_id)).map((s) => s.id)).toContain(stream.id);
  await stage.quiet();
  const ended = await until('its end with the engine', async () => {
    const now = await find(stream.id);
    return now?.status === 'ended' && now;
  });
  expect(ended.ended_at).not.toBeNull();
});

test('a surplus idle engine is removed after ENGINE_GRACE_PERIOD_S, but never one with a stream and never the forwarded one', async () => {
  const ids = async (count: number) => (await stage.listed(count)).map((e) => e.container_id);
  const engines = await stage.listed(4);
  const forwarded = engines.find((e) => e.forwarded)?.container_id ?? '';
  const [one, other, idle] = engines.filter((e) => !e.forwarded) as [EngineJson, EngineJson, EngineJson];
  const { stream: first } = await start('a short film', one);
  const { stream: second } = await start('a long film', other);
  await scale(0);
  const busy = await ids(3);
  expect(busy).not.toContain(idle.container_id);
  await steadily('nothing else goes', GRACE_S * 2_500, async () => (await ids(3)).join() === busy.join());
  const response = await post('/events/stream_ended', { stream_id: first.id });
  const { stream: ended } = (await response.json()) as { stream: StreamJson };
  expect((await ids(2)).toSorted()).toEqual([forwarded, other.container_id].toSorted());
  const gone = (await stage.replacements()).find((r) => r.old_engine?.container_id === one.container_id);
  expect(gone).toMatchObject({ cause: 'surplus', new_engine: null });
  expect(Date.parse(gone?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(ended.ended_at ?? '') + GRACE_S * 1000);
  await post('/events/stream_ended', { stream_id: second.id });
  expect(await ids(1)).toEqual([forwarded]);
}, 90_000);
