import { textTable } from '../simulator/text-table';

export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'req/s' | 'calls/min' | 'answers' | 'MB' | 'ms CPU/s' | '×' | '%';
  readonly values: readonly number[];
  /** The bound, and which value it applies to. Null: the row is for comparison only. */
  readonly bound: {
    readonly of: 'max' | 'p99' | 'median';
    readonly is: 'at most' | 'at least';
    readonly value: number;
  } | null;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** The smallest value that at least 99 % of the values do not exceed. */
export function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? NaN;
}

export function rowTable(rows: readonly Row[]): string[] {
  return textTable(
    ['WHAT', 'MEDIAN', 'P99', 'MAX', 'N', 'BOUND', 'HOLDS'],
    rows.map(({ what, unit, values, bound }) => {
      const of = { median: median(values), p99: p99(values), max: Math.max(...values) };
      const shown = (value: number): string => `${digits(value)} ${unit}`;
      const cells = [what, shown(of.median), shown(of.p99), shown(of.max), values.length];
      if (bound === null) return [...cells, '–', '–'];
      const value = of[bound.of];
      const holds = bound.is === 'at most' ? value <= bound.value : value >= bound.value;
      const text = `${values.length > 1 ? `${bound.of} ` : ''}${bound.is} ${shown(bound.value)}`;
      return [...cells, text, holds ? 'yes' : 'NO'];
    }),
  );
}

function digits(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
