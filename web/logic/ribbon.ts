import type { EndedRecord, StateRecord } from '../../src/domain/vpn/timeline';
import type { ReplacementJson } from '../../src/api/schemas/engines';
import { day, duration, shortTime } from './format';

// Calculations for the timeline. A ribbon is the line of one VPN. Times are in ms; a place on a ribbon is a fraction of its length, 0 to 1.

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
  /** Consecutive ports have different shades. */
  readonly shade: 0 | 1;
}

const KINDS: Readonly<Record<number, BandKind>> = { 0: 'none', [-1]: 'down', [-2]: 'unseen' };

/** The states within the span, as bands. */
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

/** The beginning of the timeline; null: it is empty. */
export function timelineStart(states: readonly StateRecord[]): number | null {
  const [first] = states;
  return first ? first[0] * 1_000 : null;
}

export function place(at: number, { from, to }: Span): number {
  return Math.min(1, Math.max(0, (at - from) / (to - from)));
}

export interface Mark {
  readonly at: number;
  /** Numbers of its replacements, newest last. */
  readonly numbers: readonly number[];
  readonly isRunning: boolean;
}

/** The marks of replacements. Replacements closer to each other than `nearest` share a mark. @param nearest a fraction of the ribbon */
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

/** The change of the port at that time; null if the timeline does not have it any more. @param at in seconds */
export function changeAt(
  states: readonly StateRecord[],
  at: number,
): { readonly from: number; readonly to: number } | null {
  const ports = states.filter(([, state]) => state > 0);
  // The state begins in the same second as the replacement, or in the second before.
  const after = ports.findIndex(([when]) => when >= at - 1);
  const [from, to] = [ports[after - 1]?.[1], ports[after]?.[1]];
  return from === undefined || to === undefined ? null : { from, to };
}

/** The number in the id `replace/<instance>/<vpn>/<number>-<incarnation>`. */
export function numberOf({ id }: Pick<ReplacementJson, 'id'>): number {
  return Number(/\/(\d+)-[^/]*$/.exec(id)?.[1] ?? 0);
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

const STEPS: Readonly<Record<Range, number>> = { hour: 10 * 60_000, day: 4 * 3_600_000, week: 86_400_000 };

/** Labels at round times in the browser's time zone. */
export function ticks(range: Range, { from, to }: Span): Tick[] {
  const step = STEPS[range];
  const midnight = new Date(from).setHours(0, 0, 0, 0);
  const found: Tick[] = [];
  for (let at = midnight; at <= to; at = next(at, step, range)) {
    if (at > from) found.push({ at, label: range === 'week' ? day(at) : shortTime(at) });
  }
  return found;
}

/** The next tick. For days it uses the calendar, because a day has 23 or 25 hours when the clocks change. */
function next(at: number, step: number, range: Range): number {
  if (range !== 'week') return at + step;
  const date = new Date(at);
  return date.setDate(date.getDate() + 1);
}

/** The ribbon in words, for screen readers. */
export function inWords(shown: readonly Band[]): string {
  if (shown.length === 0) return 'no data for this time';
  return shown
    .slice(-12)
    .map((band) => `${bandWords(band)} for ${duration(band.to - band.from)}`)
    .join(', then ');
}

export function bandWords({ kind, port }: Pick<Band, 'kind' | 'port'>): string {
  const words = { none: 'no port', down: 'VPN down', unseen: 'unknown' } as const;
  return kind === 'port' ? `port ${port}` : words[kind];
}
