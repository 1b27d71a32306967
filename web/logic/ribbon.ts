import type { EndedRecord, StateRecord } from '../../src/domain/vpn/timeline';
import type { ReplacementJson } from '../../src/api/schemas/engines';
import { day, duration, shortTime } from './format';

// The timeline's arithmetic. All instants are in ms; a place on a ribbon is a share of its length, from 0 to 1.

export const ranges = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
export type Range = keyof typeof ranges;

export interface Span {
  readonly from: number;
  readonly to: number;
}

export type BandKind = 'port' | 'none' | 'down' | 'unseen';

export interface Band extends Span {
  readonly kind: BandKind;
  readonly port: number | null;
  /** Ports that follow on one another are told apart by it. */
  readonly shade: 0 | 1;
}

const KINDS: Readonly<Record<number, BandKind>> = { 0: 'none', [-1]: 'down', [-2]: 'unseen' };

/** What of the states lies within the span. */
export function bands(states: readonly StateRecord[], { from, to }: Span): Band[] {
  let shade: 0 | 1 = 0;
  let lastPort: number | null = null;
  return states.flatMap(([at, state], i): Band[] => {
    const kind = KINDS[state] ?? 'port';
    if (kind === 'port') {
      if (lastPort !== null && lastPort !== state) shade = shade === 0 ? 1 : 0;
      lastPort = state;
    }
    const begins = Math.max(from, at * 1_000);
    const ends = Math.min(to, (states[i + 1]?.[0] ?? Infinity) * 1_000);
    if (begins >= ends) return [];
    return [{ kind, port: kind === 'port' ? state : null, from: begins, to: ends, shade }];
  });
}

/** Since when anything is known; null: nothing is. */
export function knownSince(states: readonly StateRecord[]): number | null {
  const [first] = states;
  return first ? first[0] * 1_000 : null;
}

export function place(at: number, { from, to }: Span): number {
  return Math.min(1, Math.max(0, (at - from) / (to - from)));
}

export interface Mark {
  readonly at: number;
  /** Of the replacements that it stands for, newest last. */
  readonly numbers: readonly number[];
  readonly isRunning: boolean;
}

/** Marks of replacements; those too close to be told apart are one. @param nearest as a share of the ribbon */
export function marks(
  ended: readonly EndedRecord[],
  replacements: readonly ReplacementJson[],
  span: Span,
  nearest: number,
): Mark[] {
  const all = [
    ...ended.map(([number, at]) => ({ number, at: at * 1_000, isRunning: false })),
    ...replacements
      .filter((r) => r.state === 'running')
      .map((r) => ({ number: numberOf(r), at: Date.parse(r.started_at), isRunning: true })),
  ]
    .filter(({ at }) => at >= span.from && at <= span.to)
    .toSorted((a, b) => a.at - b.at);
  const merged: Mark[] = [];
  for (const { at, number, isRunning } of all) {
    const last = merged.at(-1);
    if (last && place(at, span) - place(last.at, span) < nearest) {
      merged[merged.length - 1] = {
        at: last.at,
        numbers: [...last.numbers, number],
        isRunning: last.isRunning || isRunning,
      };
    } else merged.push({ at, numbers: [number], isRunning });
  }
  return merged;
}

/** From which port to which one the VPN went then; null where that is not known any more. */
export function changeAt(
  states: readonly StateRecord[],
  at: number,
): { readonly from: number; readonly to: number } | null {
  const ports = states.filter(([, state]) => state > 0);
  // The state is written down in the second in which the replacement begins, or in the one before.
  const after = ports.findIndex(([when]) => when >= at - 1);
  const [from, to] = [ports[after - 1]?.[1], ports[after]?.[1]];
  return from === undefined || to === undefined ? null : { from, to };
}

/** Within its VPN's life: `replace/<instance>/<vpn>/<number>-<lineage>`. */
export function numberOf({ id }: Pick<ReplacementJson, 'id'>): number {
  return Number(/\/(\d+)-[^/]*$/.exec(id)?.[1] ?? 0);
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

const STEPS: Readonly<Record<Range, number>> = { hour: 10 * 60_000, day: 4 * 3_600_000, week: 86_400_000 };

/** At round times of the reader's zone. */
export function ticks(range: Range, { from, to }: Span): Tick[] {
  const step = STEPS[range];
  const midnight = new Date(from).setHours(0, 0, 0, 0);
  const found: Tick[] = [];
  for (let at = midnight; at <= to; at = next(at, step, range)) {
    if (at > from) found.push({ at, label: range === 'week' ? day(at) : shortTime(at) });
  }
  return found;
}

/** A day has 23 or 25 hours when the clocks are changed. */
function next(at: number, step: number, range: Range): number {
  if (range !== 'week') return at + step;
  const date = new Date(at);
  return date.setDate(date.getDate() + 1);
}

/** For who does not see the ribbon. */
export function inWords(shown: readonly Band[]): string {
  if (shown.length === 0) return 'nothing is known of this time';
  const words = { none: 'no port', down: 'VPN down', unseen: 'not known' } as const;
  return shown
    .slice(-12)
    .map(
      (band) => `${band.kind === 'port' ? `port ${band.port}` : words[band.kind]} for ${duration(band.to - band.from)}`,
    )
    .join(', then ');
}
