import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../simulator/http-get';
import { decodeEngines, type ProxyEngine } from '../simulator/proxy-engine';
import { progress } from './progress';
import { LIMIT_MS, post, startedReport, streamId, type Session } from './reports';
import type { Row } from './row';
import { Site } from './site';

interface StreamEvents {
  /** From an event's being sent until it was answered 200; ms. */
  readonly accepted: readonly number[];
  /** While as many were sent as ever. */
  readonly acceptedPerSecond: number;
}

const EVENTS = { vpns: 10, engines: 10 } as const;
const PER_SECOND = 300;
/** The pace of batches widens only after a minute of as many as this. */
const FOR_S = 30;
/** Events of one stream are so far apart. */
const PLAYED_MS = 2_000;

export async function streamEventRows(): Promise<Row[]> {
  const { accepted, acceptedPerSecond } = await streamEvents();
  const what = `stream events, ${PER_SECOND}/s sent for ${FOR_S} s (${EVENTS.vpns} VPNs, ${EVENTS.engines} engines)`;
  return [
    {
      what: `${what}: until accepted`,
      unit: 'ms',
      values: accepted,
      bound: { of: 'median', is: 'at most', value: 700 },
    },
    {
      what: `${what}: accepted`,
      unit: 'req/s',
      values: [acceptedPerSecond],
      // Where the measured time is cut out, a batch may be missing.
      bound: { of: 'median', is: 'at least', value: PER_SECOND * 0.98 },
    },
  ];
}

/** Streams that start and end on all engines, so many events a second whether or not they are answered in time. */
async function streamEvents(): Promise<StreamEvents> {
  const site = await Site.openSimulated({ ...EVENTS, engineStartupMs: 0, hints: false });
  const agent = new Agent({ keepAlive: true, maxSockets: 400 });
  try {
    const { url } = site.portward;
    const engines = decodeEngines((await httpGet(`${url}/engines`, { limitMs: LIMIT_MS })).body);
    progress(`${PER_SECOND} stream events a second for ${FOR_S} s, over ${EVENTS.vpns} VPNs`);
    const accepted: number[] = [];
    let refused = 0;
    let steady = 0;
    const sending: Promise<void>[] = [];
    const began = performance.now();
    // By then the first streams have begun to end.
    const steadyFrom = began + 2 * PLAYED_MS;
    const steadyTo = began + FOR_S * 1000;
    const send = async (path: string, body: object): Promise<void> => {
      const sentAt = performance.now();
      const status = await post(`${url}${path}`, body, agent).catch(() => 0);
      if (status !== 200) {
        refused++;
        return;
      }
      const now = performance.now();
      accepted.push(now - sentAt);
      if (now >= steadyFrom && now < steadyTo) steady++;
    };
    for (let stream = 0; performance.now() < steadyTo; stream++) {
      const engine = engines[stream % engines.length];
      if (!engine) throw new Error('the site has no engines');
      const key = keyOf(stream);
      const session = sessionOf(engine, stream);
      sending.push(
        send('/events/stream_started', startedReport(engine, key, session)),
        sleep(PLAYED_MS).then(() => send('/events/stream_ended', { stream_id: streamId(key, session) })),
      );
      // Two events a stream.
      const next = began + ((stream + 1) * 2 * 1000) / PER_SECOND;
      if (next > performance.now()) await sleep(next - performance.now());
    }
    await Promise.all(sending);
    if (refused > 0) progress(`${refused} events were not accepted`);
    return { accepted, acceptedPerSecond: (steady * 1000) / (steadyTo - steadyFrom) };
  } finally {
    agent.destroy();
    await site.close();
  }
}

/** Nobody plays it: what is measured here are the reports. */
function sessionOf({ host, port }: ProxyEngine, stream: number): Session {
  const base = `http://${host}:${port}/ace`;
  return {
    playback_session_id: `bench-${stream}`,
    stat_url: `${base}/stat/${stream}`,
    command_url: `${base}/cmd/${stream}`,
  };
}

function keyOf(stream: number): string {
  return String(stream).padStart(40, '0');
}
