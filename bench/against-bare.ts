// Compares `/engines` with a bare Fastify route that sends the same bytes. The two are measured in turns.
import { startBareServer } from './bare-server';
import { load, type LoadResult } from './load';
import { progress } from './progress';
import { median, type Row } from './row';
import { Site, type SiteOptions } from './site';

const ROUNDS = 3;
const ROUND_S = 5;
const WARM_UP_S = 3;

type Size = Pick<SiteOptions, 'vpns' | 'engines'>;

interface Compared {
  readonly portward: readonly LoadResult[];
  readonly bare: readonly LoadResult[];
}

/** The speed of `/engines` with one VPN and with many, as a part of the speed of a bare route, with 32 connections. */
export async function manyVpns(many: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const vpns of [1, many]) {
    const size = { vpns, engines: vpns };
    const { portward, bare } = await compare(size, [32]).then(([first]) => first ?? { portward: [], bare: [] });
    const what = `/engines (${inWords(size)}), 32 connections`;
    rows.push(
      { what, unit: 'req/s', values: portward.map((r) => r.perSecond), bound: null },
      { what: '  a bare route with the same bytes', unit: 'req/s', values: bare.map((r) => r.perSecond), bound: null },
      {
        what: '  of its speed',
        unit: '×',
        values: parts(portward, bare),
        bound: { of: 'median', is: 'at least', value: 0.7 },
      },
      {
        what: '  answers marked stale',
        unit: '%',
        values: portward.map((r) => (100 * r.stale) / r.answers),
        bound: { of: 'max', is: 'at most', value: 0 },
      },
    );
  }
  return rows;
}

/** The speed and latency of `/engines` for a pool of a usual size, with one connection and with many. */
export async function latency(): Promise<Row[]> {
  const size = { vpns: 2, engines: 40 };
  const wanted = [
    { connections: 1, speed: 0.8 },
    { connections: 32, speed: 0.7 },
  ];
  const all = await compare(
    size,
    wanted.map(({ connections }) => connections),
  );
  return wanted.flatMap(({ connections, speed }, i): Row[] => {
    const { portward, bare } = all[i] ?? { portward: [], bare: [] };
    const what = `/engines (${inWords(size)}), ${connections} connection${connections > 1 ? 's' : ''}`;
    return [
      { what, unit: 'req/s', values: portward.map((r) => r.perSecond), bound: null },
      { what: '  a bare route with the same bytes', unit: 'req/s', values: bare.map((r) => r.perSecond), bound: null },
      {
        what: '  of its speed',
        unit: '×',
        values: parts(portward, bare),
        bound: { of: 'median', is: 'at least', value: speed },
      },
      { what: '  p99', unit: 'ms', values: portward.map((r) => r.p99), bound: null },
      { what: '  p99 of the bare route', unit: 'ms', values: bare.map((r) => r.p99), bound: null },
      {
        what: '  p99, times that of the bare route',
        unit: '×',
        values: portward.map((r, round) => r.p99 / (bare[round]?.p99 ?? NaN)),
        bound: { of: 'median', is: 'at most', value: 2 },
      },
    ];
  });
}

function inWords({ vpns, engines }: Size): string {
  return `${vpns} VPN${vpns > 1 ? 's' : ''}, ${engines} engine${engines > 1 ? 's' : ''}`;
}

function parts(portward: readonly LoadResult[], bare: readonly LoadResult[]): number[] {
  return portward.map((r, round) => r.perSecond / (bare[round]?.perSecond ?? NaN));
}

async function compare(size: Size, connections: readonly number[]): Promise<Compared[]> {
  const site = await Site.openSimulated({ ...size, engineStartupMs: 0, hints: false });
  try {
    const url = `${site.portward.url}/engines`;
    const bare = await startBareServer(url);
    try {
      const compared: Compared[] = [];
      for (const count of connections) compared.push(await inTurns(url, bare.url, count));
      return compared;
    } finally {
      await bare.stop();
    }
  } finally {
    await site.close();
  }
}

async function inTurns(url: string, bareUrl: string, connections: number): Promise<Compared> {
  await load(bareUrl, connections, WARM_UP_S);
  await load(url, connections, WARM_UP_S);
  const portward: LoadResult[] = [];
  const bare: LoadResult[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await load(bareUrl, connections, ROUND_S));
    portward.push(await load(url, connections, ROUND_S));
  }
  progress(
    `${connections} connections, ${portward[0]?.bytes} bytes: ${speedOf(portward)} req/s, bare ${speedOf(bare)} req/s`,
  );
  const refused = portward.reduce((sum, r) => sum + r.otherThan200, 0);
  if (refused > 0) progress(`${refused} answers other than 200`);
  return { portward, bare };
}

function speedOf(all: readonly LoadResult[]): string {
  return median(all.map((r) => r.perSecond)).toFixed(0);
}
