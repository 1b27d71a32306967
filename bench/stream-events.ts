import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../simulator/http-get';
import { decodeEngines, type ProxyEngine } from '../simulator/proxy-engine';
import { progress } from './progress';
import { LIMIT_MS, post, startedReport, streamId, type Session } from './reports';
import { median, p99, type Row } from './row';
import { Site } from './site';

interface Pace {
  readonly vpns: number;
  readonly engines: number;
  readonly perSecond: number;
  readonly forMs: number;
}

interface StreamEvents {
  /** From sending an event until its answer 200; ms. */
  readonly accepted: readonly number[];
  /** Accepted events a second, without the beginning and end of the run, in which the rate is lower. */
  readonly acceptedPerSecond: number;
}

const MANY = { vpns: 10, engines: 10, perSecond: 300, forMs: 60_000 } as const;
const STEADY = { vpns: 1, engines: 4, perSecond: 1 } as const;
const MINUTE_MS = 60_000;
/** The approximate time between the two events of a stream. */
const PLAYED_MS = 2_000;

export function manyStreamEvents(): Promise<Row[]> {
  return streamEventRows(MANY);
}

/** Stream events at the pace of a proxy with a few viewers. */
export function steadyStreamEvents(minutes: number): Promise<Row[]> {
  return streamEventRows({ ...STEADY, forMs: minutes * MINUTE_MS });
}

async function streamEventRows(pace: Pace): Promise<Row[]> {
  const { accepted, acceptedPerSecond } = await streamEvents(pace);
  const { perSecond, forMs, vpns, engines } = pace;
  const what = `stream events, ${perSecond}/s for ${forMs / 1000} s (VPNs: ${vpns}, engines: ${engines})`;
  return [
    {
      what: `${what}: until accepted (median)`,
      unit: 'ms',
      values: accepted,
      bound: { of: 'median', is: 'at most', value: 300 },
    },
    { what: '  the same (p99)', unit: 'ms', values: accepted, bound: { of: 'p99', is: 'at most', value: 1_000 } },
    {
      what: '  accepted',
      unit: 'req/s',
      values: [acceptedPerSecond],
      // Not all: a batch at the edge of the measured time may be missing.
      bound: { of: 'median', is: 'at least', value: perSecond * 0.98 },
    },
  ];
}

/** Starts and ends streams on all engines, with a constant number of events a second, whether or not they are answered in time. */
async function streamEvents({ vpns, engines: count, perSecond, forMs }: Pace): Promise<StreamEvents> {
  const site = await Site.openSimulated({ vpns, engines: count, engineStartupMs: 0, hints: false });
  const agent = new Agent({ keepAlive: true, maxSockets: 400 });
  const accepted: number[] = [];
  const timer = setInterval(printMinute, MINUTE_MS, accepted, { from: 0 });
  try {
    const { url } = site.portward;
    const engines = decodeEngines((await httpGet(`${url}/engines`, { limitMs: LIMIT_MS })).body);
    progress(`${perSecond} stream events a second for ${forMs / 1000} s over ${vpns} VPNs`);
    let refused = 0;
    let steady = 0;
    const sending: Promise<void>[] = [];
    const betweenStarts = (2 * 1000) / perSecond;
    // Round so that each end comes half-way between two starts.
    const playedMs = Math.ceil(PLAYED_MS / betweenStarts + 0.5) * betweenStarts - betweenStarts / 2;
    const began = performance.now();
    const steadyFrom = began + 2 * playedMs;
    const steadyTo = began + forMs;
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
        sleep(playedMs).then(() => send('/events/stream_ended', { stream_id: streamId(key, session) })),
      );
      const next = began + (stream + 1) * betweenStarts;
      if (next > performance.now()) await sleep(next - performance.now());
    }
    await Promise.all(sending);
    if (refused > 0) progress(`${refused} events were not accepted`);
    return { accepted, acceptedPerSecond: (steady * 1000) / (steadyTo - steadyFrom) };
  } finally {
    clearInterval(timer);
    agent.destroy();
    await site.close();
  }
}

/** Prints the results of the last minute, so that a long run shows something before its end. */
function printMinute(accepted: readonly number[], printed: { from: number }): void {
  const latest = accepted.slice(printed.from);
  printed.from = accepted.length;
  const [half, most, max] = [median(latest), p99(latest), Math.max(...latest)].map((ms) => ms.toFixed(0));
  progress(`the last ${latest.length} events were accepted after ${half} ms (median), ${most} (p99), ${max} (max)`);
}

/** A made-up session that nobody plays: only the reports are measured. */
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
