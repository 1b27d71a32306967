import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet, keptConnections } from '../simulator/http-get';
import { cpuMs } from './cpu';
import { progress } from './progress';
import type { Row } from './row';
import { Site } from './site';

const VPNS = 10;
const CLIENTS = 10;
const EVERY_MS = 100;
const SLICES = 12;
const SLICE_MS = 5_000;
/** A pause before the measurement, until the work of the start is over. */
const REST_MS = 20_000;

/** CPU time for each slice of time; ms a second. */
interface Cpu {
  readonly portward: readonly number[];
  readonly temporal: readonly number[];
}

/** The CPU time of Portward and Temporal with polling clients, and for comparison without any client. */
export async function polled(): Promise<Row[]> {
  const site = await Site.openSimulated({ vpns: VPNS, engines: VPNS, engineStartupMs: 0, hints: false });
  try {
    await sleep(REST_MS);
    progress(`idle for ${(SLICES * SLICE_MS) / 1000} s`);
    const idle = await measured(site);
    progress(`${CLIENTS} clients for ${(SLICES * SLICE_MS) / 1000} s`);
    const polling = new AbortController();
    const clients = Array.from({ length: CLIENTS }, () => poll(`${site.portward.url}/engines`, polling.signal));
    const busy = await measured(site);
    polling.abort();
    const asked = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0);
    progress(`the clients got ${asked} answers`);
    const polls = `${CLIENTS} clients poll /engines every ${EVERY_MS} ms`;
    return [
      row(`idle, ${VPNS} VPNs: Portward`, idle.portward),
      row(`  ${polls}: Portward`, busy.portward),
      row(`idle, ${VPNS} VPNs: Temporal`, idle.temporal),
      row(`  ${polls}: Temporal`, busy.temporal),
    ];
  } finally {
    await site.close();
  }
}

function row(what: string, values: readonly number[]): Row {
  return { what, unit: 'ms CPU/s', values, bound: null };
}

async function measured({ portward }: Site): Promise<Cpu> {
  const { pid, temporalPid } = portward;
  if (temporalPid === null) throw new Error('expected an embedded Temporal server');
  const cpu = { portward: [] as number[], temporal: [] as number[] };
  for (let slice = 0; slice < SLICES; slice++) {
    const began = performance.now();
    const before = await Promise.all([cpuMs(pid), cpuMs(temporalPid)]);
    await sleep(SLICE_MS);
    const after = await Promise.all([cpuMs(pid), cpuMs(temporalPid)]);
    const seconds = (performance.now() - began) / 1000;
    cpu.portward.push((after[0] - before[0]) / seconds);
    cpu.temporal.push((after[1] - before[1]) / seconds);
  }
  return cpu;
}

/** Polls until aborted; resolves with the number of answers. */
async function poll(url: string, signal: AbortSignal): Promise<number> {
  const agent = keptConnections();
  let answers = 0;
  await sleep(Math.random() * EVERY_MS);
  while (!signal.aborted) {
    const began = performance.now();
    const answer = await httpGet(url, { agent, limitMs: 5_000 }).catch(() => null);
    if (answer?.status === 200) answers++;
    await sleep(Math.max(0, EVERY_MS - (performance.now() - began)));
  }
  agent.destroy();
  return answers;
}
