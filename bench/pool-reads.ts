import type { Agent } from 'node:http';
import { httpGet, keptConnections } from '../simulator/http-get';
import { decodeEngines, type ProxyEngine } from '../simulator/proxy-engine';
import { CLIENTS, LOAD_S, requestsPerSecond } from './load';
import { progress } from './progress';
import { LIMIT_MS, post, startedReport, type Session } from './reports';
import type { Row } from './row';
import { Site } from './site';

/** Requests a second with 50 clients. */
interface PoolReads {
  readonly engines: number;
  readonly streams: number;
  /** `/streams` of one engine, as proxies request it. */
  readonly streamsOfOne: number;
}

const POOL = { vpns: 10, engines: 100 } as const;

/** `/engines` and `/streams` of a large pool, with a stream on every engine. */
export async function poolRows(): Promise<Row[]> {
  const { engines, streams, streamsOfOne } = await poolReads();
  const row = (path: string, value: number): Row => ({
    what: `${path} (${POOL.vpns} VPNs, ${POOL.engines} engines): requests with ${CLIENTS} clients`,
    unit: 'req/s',
    values: [value],
    bound: { of: 'median', is: 'at least', value: 4_000 },
  });
  return [
    row('/engines', engines),
    row(`/streams, ${POOL.engines} of them`, streams),
    row('/streams of one engine', streamsOfOne),
  ];
}

async function poolReads(): Promise<PoolReads> {
  const site = await Site.openSimulated({ ...POOL, engineStartupMs: 0, hints: false });
  const agent = keptConnections();
  try {
    const { url } = site.portward;
    const engines = decodeEngines((await httpGet(`${url}/engines`, { agent, limitMs: LIMIT_MS })).body);
    progress(`a stream on each of ${engines.length} engines`);
    await Promise.all(engines.map((engine, i) => play(site, engine, String(i).padStart(40, '0'), agent)));
    const measured = async (path: string): Promise<number> => {
      const { body } = await httpGet(`${url}${path}`, { agent, limitMs: LIMIT_MS });
      const { length }: { length: number } = JSON.parse(body);
      progress(`${path.split('?')[0]}: ${length} in ${body.length} bytes, ${CLIENTS} clients for ${LOAD_S} s`);
      return requestsPerSecond(`${url}${path}`);
    };
    return {
      engines: await measured('/engines'),
      streams: await measured('/streams'),
      streamsOfOne: await measured(`/streams?container_id=${engines[0]?.container_id}&status=started`),
    };
  } finally {
    agent.destroy();
    await site.close();
  }
}

/** Begins a stream at the engine and reports it. Portward would end a stream that its engine does not know. */
async function play(site: Site, engine: ProxyEngine, key: string, agent: Agent): Promise<void> {
  const address = site.vpns.find(({ name }) => name === engine.vpn_container)?.address;
  const opening = `http://${address}:${engine.port}/ace/getstream?format=json&infohash=${key}`;
  const { response }: { response: Session } = JSON.parse((await httpGet(opening, { limitMs: LIMIT_MS })).body);
  const status = await post(`${site.portward.url}/events/stream_started`, startedReport(engine, key, response), agent);
  if (status !== 200) throw new Error(`POST /events/stream_started: expected 200, found ${status}`);
}
