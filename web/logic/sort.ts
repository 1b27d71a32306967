/** The column to sort by, and whether in descending order. */
export interface Order<Column extends string> {
  readonly by: Column;
  readonly down: boolean;
}

export type Sortable = string | number | boolean | null;

/** Rows without a value come last in both orders. */
export function sorted<T>(rows: readonly T[], valueOf: (row: T) => Sortable, down: boolean): T[] {
  return rows.toSorted((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const order = compared(left, right);
    return down ? -order : order;
  });
}

function compared(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'string' && typeof b === 'string') return a.localeCompare(b, undefined, { numeric: true });
  return Number(a) - Number(b);
}

/** The order after a click on a column: a second click reverses it. */
export function orderedBy<Column extends string>(before: Order<Column>, by: Column): Order<Column> {
  return before.by === by ? { by, down: !before.down } : { by, down: false };
}
