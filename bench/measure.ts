// The parts of the benchmark, by the names for `npm run bench -- <name>`.
import type Docker from 'dockerode';
import { latency, manyVpns } from './against-bare';
import { burst } from './burst';
import { changesInDocker, unconfigured } from './changes';
import { idle } from './idle';
import { oneVpn } from './one-vpn';
import { openPage } from './page';
import { players } from './players';
import { polled } from './polled';
import { poolRows } from './pool-reads';
import { progress } from './progress';
import { readRows } from './reads';
import { restartRows } from './restart';
import type { Row } from './row';
import { manyStreamEvents, steadyStreamEvents } from './stream-events';

export interface MeasureOptions {
  readonly parts: readonly Part[];
  readonly idleMinutes: number;
  readonly reportMinutes: number;
  readonly playerMinutes: number;
  /** The number of VPNs in the parts with many VPNs. */
  readonly manyVpns: number;
  /** The number of restarts with each number of VPNs. */
  readonly restarts: number;
}

interface PartOf {
  readonly about: string;
  readonly rows: (docker: Docker, options: MeasureOptions) => Promise<Row[]>;
}

export type Part = keyof typeof PARTS;

/** A part runs in real Docker if Docker's own time is part of what it measures, otherwise in the simulated Docker. */
const PARTS = {
  changes: { about: 'port changes in real Docker with a hint, about 2 minutes', rows: changesInDocker },
  unconfigured: { about: 'port changes in real Docker with nothing configured, about 2 minutes', rows: unconfigured },
  'one-vpn': { about: 'port changes of one VPN, about 6 minutes', rows: oneVpn },
  burst: {
    about: 'the ports of many VPNs change in the same second (--vpns), about 5 minutes',
    rows: (_, { manyVpns: vpns }) => burst(vpns),
  },
  'many-vpns': {
    about: '/engines with many VPNs (--vpns) and with one, about 5 minutes',
    rows: (_, { manyVpns: vpns }) => manyVpns(vpns),
  },
  latency: { about: '/engines beside a bare route, about 3 minutes', rows: latency },
  polled: { about: 'the CPU cost of polling clients, about 3 minutes', rows: polled },
  page: { about: 'the CPU cost of an open page, about 5 minutes', rows: openPage },
  reads: { about: '/engines of a usual pool, about 2 minutes', rows: readRows },
  pool: { about: '/engines and /streams of a large pool, about 3 minutes', rows: poolRows },
  streams: { about: 'stream events of many VPNs, about 2 minutes', rows: manyStreamEvents },
  'steady-streams': {
    about: 'a stream event each second of one VPN (--report-minutes)',
    rows: (_, { reportMinutes }) => steadyStreamEvents(reportMinutes),
  },
  players: {
    about: 'players that change channels (--player-minutes)',
    rows: (_, { playerMinutes }) => players(playerMinutes),
  },
  restart: {
    about: 'restarts with port changes in between (--restarts), about 10 s each',
    rows: (_, { restarts }) => restartRows(restarts),
  },
  idle: { about: 'no client at all (--idle-minutes)', rows: (_, { idleMinutes }) => idle(idleMinutes) },
} satisfies Record<string, PartOf>;

export const PART_NAMES = Object.keys(PARTS) as Part[];

export async function measure(docker: Docker, options: MeasureOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of options.parts) {
    const part: PartOf = PARTS[name];
    progress(`${name}: ${part.about}`);
    rows.push(...(await part.rows(docker, options)));
  }
  return rows;
}
