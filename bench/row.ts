import { textTable } from '../simulator/text-table';

export interface Row {
  readonly what: string;
  readonly unit: 'ms' | 'req/s' | 'calls/min' | 'MB' | 'ms CPU/s' | '×' | '%';
  readonly values: readonly number[];
  /** What the bound is held against. Null: told for comparison only. */
  readonly bound: { readonly of: 'max' | 'median'; readonly is: 'at most' | 'at least'; readonly value: number } | null;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

export function rowTable(rows: readonly Row[]): string[] {
  return textTable(
    ['WHAT', 'MEDIAN', 'MAX', 'N', 'BOUND', 'HOLDS'],
    rows.map(({ what, unit, values, bound }) => {
      const half = median(values);
      const most = Math.max(...values);
      const shown = (value: number): string => `${digits(value)} ${unit}`;
      if (bound === null) return [what, shown(half), shown(most), values.length, '–', '–'];
      const value = bound.of === 'max' ? most : half;
      const holds = bound.is === 'at most' ? value <= bound.value : value >= bound.value;
      const text = `${values.length > 1 ? `${bound.of} ` : ''}${bound.is} ${shown(bound.value)}`;
      return [what, shown(half), shown(most), values.length, text, holds ? 'yes' : 'NO'];
    }),
  );
}

function digits(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
