import type { EndedRecord } from '../../src/domain/vpn/timeline';
import type { ReplacementJson } from '../../src/api/schemas/engines';

// A replacement as bars on a time axis. The axis begins when the old engine was hidden. Times are in ms.

export type BarTone = 'hidden' | 'making' | 'starting' | 'listed';

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly tone: BarTone;
  /** The state lasts beyond the end of the bar. */
  readonly open: boolean;
}

export interface Row {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface Step {
  readonly what: string;
  /** Null: not yet, or the time was not kept. */
  readonly at: number | null;
}

export interface Steps {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Row[];
  readonly steps: readonly Step[];
  /** Time from hiding the old engine to listing the new one; null if there is no old or no new engine. */
  readonly gapMs: number | null;
}

interface Times {
  readonly startedAt: number;
  readonly madeAt: number | null;
  readonly readyAt: number | null;
  readonly goneAt: number | null;
  readonly endedAt: number | null;
  readonly hasOld: boolean;
  readonly hasNew: boolean;
}

/** The axis is longer than the replacement by this factor, so that the bar of the listed engine can be seen. */
const AXIS_FACTOR = 1.12;
const SHORTEST_MS = 500;

export function stepsOf(replacement: ReplacementJson, now: number): Steps {
  const { old_engine, new_engine, new_port, state } = replacement;
  return steps(
    {
      startedAt: Date.parse(replacement.started_at),
      madeAt: instant(replacement.made_at),
      readyAt: instant(replacement.ready_at),
      goneAt: instant(replacement.gone_at),
      endedAt: instant(replacement.ended_at),
      hasOld: old_engine !== null,
      hasNew:
        new_engine !== null ||
        new_port !== null ||
        replacement.made_at !== null ||
        (state === 'running' && old_engine === null),
    },
    now,
  );
}

/** The steps of a replacement that only the timeline has. */
export function stepsOfEnded([, at, readyAfter, endedAfter]: EndedRecord): Steps {
  const startedAt = at * 1_000;
  const endedAt = startedAt + endedAfter * 1_000;
  const readyAt = readyAfter === null ? null : startedAt + readyAfter * 1_000;
  // A replacement without an old engine ends when the new engine answers.
  const hasOld = readyAfter === null || endedAfter - readyAfter > 0.5;
  return steps(
    { startedAt, madeAt: null, readyAt, goneAt: null, endedAt, hasOld, hasNew: readyAfter !== null },
    endedAt,
  );
}

function steps(times: Times, now: number): Steps {
  const { startedAt, madeAt, readyAt, endedAt, hasOld, hasNew } = times;
  const goneAt = times.goneAt ?? (hasOld ? endedAt : null);
  const last = endedAt ?? Math.max(now, ...[madeAt, readyAt, goneAt].filter((at) => at !== null));
  const to = startedAt + Math.max(SHORTEST_MS, last - startedAt) * AXIS_FACTOR;
  const oldRow: Row = {
    label: 'Old engine',
    bars: [{ from: startedAt, to: goneAt ?? last, tone: 'hidden', open: goneAt === null }],
  };
  return {
    from: startedAt,
    to,
    rows: [...(hasOld ? [oldRow] : []), ...(hasNew ? [newRow(times, last, to)] : [])],
    steps: [
      ...(hasOld ? [{ what: 'Old engine hidden', at: startedAt }] : [{ what: 'Replacement started', at: startedAt }]),
      ...(hasNew
        ? [
            { what: 'New engine started', at: madeAt },
            { what: 'New engine answered and listed', at: readyAt },
          ]
        : []),
      ...(hasOld ? [{ what: 'Old engine stopped and removed', at: goneAt }] : []),
    ],
    gapMs: hasOld && hasNew ? (readyAt ?? last) - startedAt : null,
  };
}

function newRow({ startedAt, madeAt, readyAt, endedAt }: Times, last: number, to: number): Row {
  const end = readyAt ?? last;
  const open = readyAt === null && endedAt === null;
  const starting: Bar[] =
    madeAt === null
      ? [{ from: startedAt, to: end, tone: readyAt === null ? 'making' : 'starting', open }]
      : [
          { from: startedAt, to: madeAt, tone: 'making', open: false },
          { from: madeAt, to: end, tone: 'starting', open },
        ];
  const listed: Bar[] = readyAt === null ? [] : [{ from: readyAt, to, tone: 'listed', open: true }];
  return { label: 'New engine', bars: [...starting, ...listed] };
}

function instant(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
