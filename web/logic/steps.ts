import type { EndedRecord } from '../../src/domain/vpn/timeline';
import type { ReplacementJson } from '../../src/api/schemas/engines';

// A replacement as bars on one axis that begins when the old engine was hidden.

export type BarTone = 'hidden' | 'making' | 'starting' | 'listed';

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly tone: BarTone;
  /** It goes on. */
  readonly open: boolean;
}

export interface Row {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface Step {
  readonly what: string;
  /** Null: not yet. */
  readonly at: number | null;
}

export interface Steps {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Row[];
  readonly steps: readonly Step[];
  /** For how long no engine was there in place of the old one; null: none was meant to be. */
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

/** The bars end a little after the last step, so that what is listed from then on can be seen. */
const AFTER = 1.12;
const LEAST_MS = 500;

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

/** Of a replacement of which no more is kept. */
export function stepsOfEnded([, at, readyAfter, endedAfter]: EndedRecord): Steps {
  const startedAt = at * 1_000;
  const endedAt = startedAt + endedAfter * 1_000;
  const readyAt = readyAfter === null ? null : startedAt + readyAfter * 1_000;
  // With nothing to let go of it ends when the new engine answers.
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
  const to = startedAt + Math.max(LEAST_MS, last - startedAt) * AFTER;
  const oldRow: Row = {
    label: 'Old engine',
    bars: [{ from: startedAt, to: goneAt ?? last, tone: 'hidden', open: goneAt === null }],
  };
  return {
    from: startedAt,
    to,
    rows: [...(hasOld ? [oldRow] : []), ...(hasNew ? [newRow(times, last, to)] : [])],
    steps: [
      ...(hasOld ? [{ what: 'Old engine hidden', at: startedAt }] : [{ what: 'Begun', at: startedAt }]),
      ...(hasNew
        ? [
            { what: 'New engine started', at: madeAt },
            { what: 'New engine answered and listed', at: readyAt },
          ]
        : []),
      ...(hasOld ? [{ what: 'Old engine stopped and gone', at: goneAt }] : []),
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
