import pino from 'pino';
import type { SimulatedVpn } from '../../../simulator/vpn-container';
import type { Stream, StreamEvent } from '../../../src/domain/streams/stream';
import { sampleOf } from '../../../src/domain/streams/samples';
import { StreamCollector } from '../../../src/activities/streams/stream-collector';
import { Simulation } from '../../simulator/simulation';
import { until } from '../../simulator/until';
import { stream } from '../../stream-events';

const PORT = 19_000;

const simulation = new Simulation();
let vpn: SimulatedVpn;
beforeAll(async () => {
  vpn = await simulation.startVpn();
  await simulation.startEngine(vpn, { HTTP_PORT: String(PORT) });
  await until('the engine', async () => (await get('/server/api?method=get_version').catch(() => null))?.ok);
});
afterAll(() => simulation.remove());

function get(path: string): Promise<Response> {
  return fetch(`http://${vpn.address}:${PORT}${path}`, { signal: AbortSignal.timeout(5_000) });
}

/** Opens a playback as a proxy does. */
async function played(id: string): Promise<{ stream: Stream; command: string; playback: string }> {
  const {
    response,
  }: { response: Record<'playback_session_id' | 'stat_url' | 'command_url' | 'playback_url', string> } = JSON.parse(
    await (await get(`/ace/getstream?format=json&id=${id}`)).text(),
  );
  const { playback_session_id: playbackSessionId, stat_url: statUrl } = response;
  return {
    stream: stream(id, { playbackSessionId, statUrl }),
    command: response.command_url,
    playback: response.playback_url,
  };
}

test('the statistics of a playback are collected until its session is gone; then its stream is ended as stale', async () => {
  const stays = await played('stays');
  const goes = await played('goes');
  const leaving = new AbortController();
  // A viewer makes the numbers grow.
  const viewer = await fetch(stays.playback, { signal: leaving.signal });
  const told: StreamEvent[] = [];
  let list = [stays.stream, goes.stream];
  const workflow = {
    streams: async () => list,
    tell: async (events: readonly StreamEvent[]) => {
      told.push(...events);
      list = list.filter((s) => !events.some((e) => e.kind === 'ended' && e.id === s.id));
    },
  };
  const stop = new AbortController();
  const collector = new StreamCollector(workflow, { vpn: vpn.name, intervalMs: 200, log: pino({ level: 'silent' }) });
  const endpoint = { host: vpn.address, port: PORT };
  const watching = collector.watch(() => ({ kind: 'there', endpoint }), stop.signal);
  try {
    const samples = await until('growing numbers', () => {
      const found = (collector.records()['stays'] ?? []).map(sampleOf);
      return (found.at(-1)?.downloaded ?? 0) > (found[0]?.downloaded ?? 0) && found.length >= 3 && found;
    });
    expect(samples.at(-1)).toMatchObject({ peers: 3, speedUp: 1, status: 'dl', speedDown: expect.any(Number) });
    expect(collector.records()['goes']?.length).toBeGreaterThan(0);
    expect(told).toEqual([]);
    await fetch(`${goes.command}?method=stop`);
    await until('the end', () => told.length > 0);
    expect(told).toMatchObject([{ kind: 'ended', id: 'goes', reason: 'stale' }]);
    expect(list.map((s) => s.id)).toEqual(['stays']);
  } finally {
    leaving.abort();
    await viewer.body?.cancel().catch(() => {});
    stop.abort();
    await watching;
  }
});
