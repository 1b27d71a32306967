import { setTimeout as sleep } from 'node:timers/promises';
import { NoStream, StrictProxyClient, type ProxyStream } from '../simulator/proxy-client-strict';
import { progress } from './progress';
import { median, type Row } from './row';
import { Site } from './site';

const PLAYERS = 4;
const CHANNEL_MS = 4_000;
const MINUTE_MS = 60_000;
/** The last minute may be slower than the first by this factor: the machine itself varies so much. */
const NO_SLOWER = 1.25;

interface Start {
  /** Time since the players began; ms. */
  readonly at: number;
  /** From the choice of a channel until the viewer has the first byte, which the proxy sends after its report is answered; ms. */
  readonly tookMs: number;
}

/** Players that change channels through a proxy. Each change ends a stream and begins another. */
export async function players(minutes: number): Promise<Row[]> {
  const site = await Site.openSimulated({ vpns: 1, engines: PLAYERS, engineStartupMs: 0, hints: false });
  const proxy = new StrictProxyClient({
    url: site.portward.url,
    apiKey: '',
    addressOf: (host) => site.vpns.find(({ name }) => name === host)?.address ?? '127.0.0.1',
  });
  try {
    await proxy.start();
    progress(`${PLAYERS} players for ${minutes} minutes`);
    const began = performance.now();
    const starts: Start[] = [];
    const tell = setInterval(() => {
      const latest = starts.filter(({ at }) => at > performance.now() - began - MINUTE_MS).map((s) => s.tookMs);
      progress(`first byte after ${median(latest).toFixed(0)} ms (median of ${latest.length})`);
    }, MINUTE_MS);
    try {
      const all = Array.from({ length: PLAYERS }, (_, player) => play(proxy, player, began, minutes, starts));
      await Promise.all(all);
    } finally {
      clearInterval(tell);
    }
    for (const failure of proxy.requests.failures) progress(failure);
    return rows(starts, minutes);
  } finally {
    await proxy.close();
    await site.close();
  }
}

async function play(
  proxy: StrictProxyClient,
  player: number,
  began: number,
  minutes: number,
  starts: Start[],
): Promise<void> {
  let watched: ProxyStream | null = null;
  // The players do not change at the same time.
  let next = began + (player * CHANNEL_MS) / PLAYERS;
  for (let channel = 0; next < began + minutes * MINUTE_MS; channel++, next += CHANNEL_MS) {
    await sleep(Math.max(0, next - performance.now()));
    const chosenAt = performance.now();
    void watched?.playback.stop();
    try {
      watched = await proxy.open(`player-${player}-${channel}`.padEnd(40, '0'));
      starts.push({ at: chosenAt - began, tookMs: performance.now() - chosenAt });
    } catch (error) {
      if (!(error instanceof NoStream)) throw error;
      watched = null;
      progress(`player ${player}: ${error.message}`);
    }
  }
  await watched?.playback.stop();
  await watched?.over;
}

function rows(starts: readonly Start[], minutes: number): Row[] {
  const partMs = Math.min(MINUTE_MS, (minutes * MINUTE_MS) / 2);
  const part = (from: number): number[] =>
    starts.filter(({ at }) => at >= from && at < from + partMs).map((s) => s.tookMs);
  const first = part(0);
  const last = part(minutes * MINUTE_MS - partMs);
  const seconds = (partMs / 1000).toFixed(0);
  const each = `${PLAYERS} players, a new channel every ${CHANNEL_MS / 1000} s`;
  return [
    { what: `${each}: first byte, the first ${seconds} s`, unit: 'ms', values: first, bound: null },
    { what: `  the last ${seconds} s of ${minutes} min`, unit: 'ms', values: last, bound: null },
    {
      what: '  the last over the first, medians',
      unit: '×',
      values: [median(last) / median(first)],
      bound: { of: 'median', is: 'at most', value: NO_SLOWER },
    },
  ];
}
