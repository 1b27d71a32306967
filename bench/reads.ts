import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet, keptConnections } from '../simulator/http-get';
import { CLIENTS, LOAD_S, requestsPerSecond } from './load';
import { progress } from './progress';
import type { Row } from './row';
import { Site } from './site';

interface Reads {
  /** Requests a second with 50 clients. */
  readonly throughput: number;
  /** Latency of one client that sends its next request at once; ms. */
  readonly backToBack: readonly number[];
  /** Latency of one client that sends a request every 2 s; ms. */
  readonly seldom: readonly number[];
}

const BACK_TO_BACK_MS = 5_000;
const SELDOM = 15;
const SELDOM_EVERY_MS = 2_000;
const LIMIT_MS = 5_000;

const READS = { vpns: 2, engines: 40 } as const;

/** `/engines` of a pool of a usual size. */
export async function readRows(): Promise<Row[]> {
  const { throughput, backToBack, seldom } = await reads();
  const what = `/engines (${READS.vpns} VPNs, ${READS.engines} engines)`;
  return [
    {
      what: `${what}: requests with ${CLIENTS} clients`,
      unit: 'req/s',
      values: [throughput],
      bound: { of: 'median', is: 'at least', value: 5_000 },
    },
    {
      what: `${what}: back to back, one client`,
      unit: 'ms',
      values: backToBack,
      bound: { of: 'median', is: 'at most', value: 2 },
    },
    {
      what: `${what}: one request every 2 s`,
      unit: 'ms',
      values: seldom,
      bound: { of: 'median', is: 'at most', value: 25 },
    },
  ];
}

async function reads(): Promise<Reads> {
  const site = await Site.openSimulated({ ...READS, engineStartupMs: 0, hints: false });
  const agent = keptConnections();
  try {
    const url = `${site.portward.url}/engines`;
    progress(`one request every ${SELDOM_EVERY_MS / 1000} s, ${SELDOM} times`);
    const seldom: number[] = [];
    for (let count = 0; count < SELDOM; count++) {
      await sleep(SELDOM_EVERY_MS);
      seldom.push(await timed(url, agent));
    }
    progress(`one client, back to back for ${BACK_TO_BACK_MS / 1000} s`);
    const backToBack: number[] = [];
    for (const end = Date.now() + BACK_TO_BACK_MS; Date.now() < end;) backToBack.push(await timed(url, agent));
    progress(`${CLIENTS} clients for ${LOAD_S} s`);
    return { throughput: await requestsPerSecond(url), backToBack, seldom };
  } finally {
    agent.destroy();
    await site.close();
  }
}

async function timed(url: string, agent: Agent): Promise<number> {
  const began = performance.now();
  const { status } = await httpGet(url, { agent, limitMs: LIMIT_MS });
  if (status !== 200) throw new Error(`GET ${url}: expected 200, found ${status}`);
  return performance.now() - began;
}
