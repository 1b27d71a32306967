// The promises about speed, each as rows of the table.
import type Docker from 'dockerode';
import { bareContainers } from './bare-container';
import { changes } from './changes';
import { idle } from './idle';
import { progress } from './progress';
import { POOL, poolReads } from './pool-reads';
import { READS, reads } from './reads';
import { median, type Row } from './row';
import { EVENTS, FOR_S, PER_SECOND, streamEvents } from './stream-events';

export const PARTS = ['hidden', 'polling', 'ready', 'reads', 'pool', 'streams', 'calls', 'memory'] as const;
export type Part = (typeof PARTS)[number];

const CHANGES = 10;
const POLLING_S = 1;

/** What a number was measured with. Every site has one Portward, and in it one API. */
function size({ vpns, engines }: { readonly vpns: number; readonly engines: number }): string {
  return `${vpns} VPNs, ${engines} engines, 1 API process`;
}

export interface MeasureOptions {
  readonly parts: ReadonlySet<Part>;
  readonly idleMinutes: number;
}

export async function measure(docker: Docker, { parts, idleMinutes }: MeasureOptions): Promise<Row[]> {
  const rows: Row[] = [];
  if (parts.has('hidden') || parts.has('ready')) {
    progress(`port changes with a recheck hint, about ${CHANGES * 13} s`);
    const { hidden, listed } = await changes(docker, { count: CHANGES, hints: true, checkIntervalS: null });
    if (parts.has('hidden')) {
      rows.push({
        what: 'port change → hidden, with a recheck hint',
        unit: 'ms',
        values: hidden,
        bound: { of: 'max', is: 'at most', value: 250 },
      });
    }
    if (parts.has('ready')) {
      progress('bare containers, for comparison');
      const { created, answering, booted } = await bareContainers(docker, CHANGES);
      const boot = median(booted);
      rows.push({
        what: `port change → new engine listed, less its own start-up (${Math.round(boot)} ms and what it is told to wait)`,
        unit: 'ms',
        values: listed.map((ms) => ms - boot),
        bound: { of: 'max', is: 'at most', value: 500 },
      });
      rows.push({
        what: '  for comparison, Docker alone: create and start a container',
        unit: 'ms',
        values: created,
        bound: null,
      });
      rows.push({
        what: '  for comparison, Docker alone: until the engine in it answers',
        unit: 'ms',
        values: answering,
        bound: null,
      });
    }
  }
  if (parts.has('polling')) {
    progress(`port changes without a hint, about ${CHANGES * 14} s`);
    const { hidden } = await changes(docker, { count: CHANGES, hints: false, checkIntervalS: POLLING_S });
    rows.push({
      what: `port change → hidden, checked every ${POLLING_S} s`,
      unit: 'ms',
      values: hidden,
      bound: { of: 'max', is: 'at most', value: POLLING_S * 1000 + 150 },
    });
  }
  if (parts.has('reads')) {
    progress(`/engines with ${size(READS)}, about 2 minutes`);
    const { throughput, backToBack, seldom } = await reads(docker);
    rows.push(
      {
        what: `/engines (${size(READS)}): requests with 50 clients`,
        unit: 'req/s',
        values: [throughput],
        bound: { of: 'median', is: 'at least', value: 5_000 },
      },
      {
        what: `/engines (${size(READS)}): back to back, one client`,
        unit: 'ms',
        values: backToBack,
        bound: { of: 'median', is: 'at most', value: 2 },
      },
      {
        what: `/engines (${size(READS)}): one request every 2 s`,
        unit: 'ms',
        values: seldom,
        bound: { of: 'median', is: 'at most', value: 25 },
      },
    );
  }
  if (parts.has('pool')) {
    progress(`/engines and /streams with ${size(POOL)}, about 4 minutes`);
    const { engines, streams, streamsOfOne } = await poolReads(docker);
    const bound = { of: 'median', is: 'at least', value: 4_000 } as const;
    const row = (what: string, value: number): Row => {
      return { what: `${what} (${size(POOL)}): requests with 50 clients`, unit: 'req/s', values: [value], bound };
    };
    rows.push(
      row('/engines', engines),
      row(`/streams, ${POOL.engines} of them`, streams),
      row('/streams of one engine', streamsOfOne),
    );
  }
  if (parts.has('streams')) {
    progress(`stream events, ${size(EVENTS)}, about 2 minutes`);
    const { accepted, acceptedPerSecond } = await streamEvents(docker);
    const what = `stream events, ${PER_SECOND}/s sent for ${FOR_S} s (${size(EVENTS)})`;
    rows.push(
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
    );
  }
  if (parts.has('calls') || parts.has('memory')) {
    progress(`idle with 10 engines on 2 VPNs for ${idleMinutes} minutes (--idle-minutes)`);
    const { callsPerMinute, countedMinutes, portwardMb, temporalMb } = await idle(docker, idleMinutes);
    if (parts.has('calls')) {
      rows.push({
        what: `idle, 10 engines on 2 VPNs: Docker calls, counted for ${countedMinutes} min`,
        unit: 'calls/min',
        values: [callsPerMinute],
        bound: { of: 'median', is: 'at most', value: 60 },
      });
    }
    if (parts.has('memory')) {
      rows.push({
        what: `idle for ${idleMinutes} min: resident memory of Portward`,
        unit: 'MB',
        values: [portwardMb],
        bound: { of: 'median', is: 'at most', value: 250 },
      });
      if (temporalMb !== null) {
        rows.push({
          what: `idle for ${idleMinutes} min: resident memory of the Temporal server`,
          unit: 'MB',
          values: [temporalMb],
          bound: null,
        });
      }
    }
  }
  return rows;
}
