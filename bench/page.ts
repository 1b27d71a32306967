import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../simulator/free-ports';
import { httpGet, keptConnections } from '../simulator/http-get';
import { decodeEngines } from '../simulator/proxy-engine';
import { cpuMs } from './cpu';
import { progress } from './progress';
import { post, startedReport, streamId } from './reports';
import type { Row } from './row';
import { Site } from './site';

const VPNS = 10;
const ENGINES = 100;
const STREAMS = 300;
const CHANGE_EVERY_MS = 1_000;
const PAIRS = 20;
const SLICE_MS = 5_000;
/** Excluded from the measurement: the first data that a page gets when it opens. */
const OPENING_MS = 1_000;
const REST_MS = 20_000;
const LIMIT_MS = 5_000;

/**
 * The CPU cost of an open page, while each second one stream ends and another begins. Slices of time without a page and with one
 * alternate. The page is open at a separate API process beside the Portward that does the work, so that the work is not in its figures.
 */
export async function openPage(): Promise<Row[]> {
  const site = await Site.openSimulated({ vpns: VPNS, engines: ENGINES, engineStartupMs: 0, hints: false });
  const [port] = await freePorts(1);
  const api = site.portward.beside('api', {}, port);
  const changing = new AbortController();
  let changes: Promise<void> = Promise.resolve();
  try {
    await api.start();
    const streams = await Streams.begin(site);
    changes = streams.change(changing.signal);
    await sleep(REST_MS);
    const cpu = {
      without: [] as number[],
      with: [] as number[],
      workerWithout: [] as number[],
      workerWith: [] as number[],
    };
    progress(`${PAIRS} times ${SLICE_MS / 1000} s without a page and with one`);
    for (let pair = 0; pair < PAIRS; pair++) {
      const [apiWithout, workerWithout] = await slice(api.pid, site.portward.pid);
      const close = await open(`${api.url}/page/stream`);
      await sleep(OPENING_MS);
      const [apiWith, workerWith] = await slice(api.pid, site.portward.pid);
      close();
      cpu.without.push(apiWithout);
      cpu.with.push(apiWith);
      cpu.workerWithout.push(workerWithout);
      cpu.workerWith.push(workerWith);
    }
    const what = `${VPNS} VPNs, ${ENGINES} engines, ${STREAMS} streams, a change each second`;
    return [
      row(`${what}: an API`, cpu.without),
      row('  with a page open', cpu.with),
      row('the Portward beside it, which does the work', cpu.workerWithout),
      row('  with a page open at the other API', cpu.workerWith),
      {
        what: '  what the page costs both, of a core (means)',
        unit: '%',
        values: [(mean(cpu.with) - mean(cpu.without) + mean(cpu.workerWith) - mean(cpu.workerWithout)) / 10],
        bound: { of: 'median', is: 'at most', value: 1 },
      },
    ];
  } finally {
    changing.abort();
    await changes;
    await api.dispose();
    await site.close();
  }
}

function row(what: string, values: readonly number[]): Row {
  return { what, unit: 'ms CPU/s', values, bound: null };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The CPU time of each process; ms a second. */
async function slice(...pids: [number, number]): Promise<[number, number]> {
  const began = performance.now();
  const before = [await cpuMs(pids[0]), await cpuMs(pids[1])] as const;
  await sleep(SLICE_MS);
  const after = [await cpuMs(pids[0]), await cpuMs(pids[1])] as const;
  const seconds = (performance.now() - began) / 1000;
  return [(after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds];
}

/** Opens a page's stream. @returns a function that closes it */
function open(url: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`GET ${url}: expected 200, found ${response.statusCode}`));
      response.resume();
      resolve(() => asked.destroy());
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Streams on all engines. `change` ends the oldest one and begins another, once a second. */
class Streams {
  private readonly agent = keptConnections();
  private readonly running: { readonly id: string; readonly engine: number }[] = [];
  private begun = 0;

  private constructor(
    private readonly url: string,
    private readonly engines: ReturnType<typeof decodeEngines>,
  ) {}

  static async begin(site: Site): Promise<Streams> {
    const { url } = site.portward;
    const { body } = await httpGet(`${url}/engines`, { limitMs: LIMIT_MS });
    const streams = new Streams(url, decodeEngines(body));
    progress(`${STREAMS} streams begin`);
    while (streams.running.length < STREAMS) await streams.start(streams.begun % ENGINES);
    return streams;
  }

  async change(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const oldest = this.running.shift();
      if (oldest) {
        await this.end(oldest.id);
        await this.start(oldest.engine);
      }
      await sleep(CHANGE_EVERY_MS);
    }
    this.agent.destroy();
  }

  private async start(index: number): Promise<void> {
    const engine = this.engines[index];
    if (!engine) throw new Error(`expected ${ENGINES} engines, found ${this.engines.length}`);
    const key = (this.begun++).toString(16).padStart(40, '0');
    const at = `http://${engine.host}:${engine.port}`;
    const session = { playback_session_id: `page-${key}`, stat_url: `${at}/stat`, command_url: `${at}/cmd` };
    await this.report('stream_started', startedReport(engine, key, session));
    this.running.push({ id: streamId(key, session), engine: index });
  }

  private end(id: string): Promise<void> {
    return this.report('stream_ended', { stream_id: id, reason: 'stopped' });
  }

  private async report(event: string, body: object): Promise<void> {
    const status = await post(`${this.url}/events/${event}`, body, this.agent);
    if (status !== 200) throw new Error(`POST /events/${event}: expected 200, found ${status}`);
  }
}
