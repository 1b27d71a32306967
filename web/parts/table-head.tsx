import type { Signal } from '@preact/signals';
import { orderedBy, type Order } from '../logic/sort';

export interface Column<Name extends string> {
  readonly name: Name;
  readonly label: string;
  readonly isNumber?: boolean;
}

/** The head of a table. A click on a heading sorts by its column. */
export function TableHead<Name extends string>({
  columns,
  order,
  last,
}: {
  readonly columns: readonly Column<Name>[];
  readonly order: Signal<Order<Name>>;
  /** Heading of the last column, which has buttons and does not sort. Only screen readers show it. */
  readonly last: string;
}) {
  const { by, down } = order.value;
  return (
    <thead>
      <tr>
        {columns.map(({ name, label, isNumber = false }) => (
          <th
            key={name}
            scope="col"
            class={isNumber ? 'number' : undefined}
            aria-sort={by === name ? (down ? 'descending' : 'ascending') : 'none'}
          >
            <button type="button" class="sort" onClick={() => (order.value = orderedBy(order.peek(), name))}>
              {label}
              <span class="arrow" aria-hidden="true">
                {by === name ? (down ? '↓' : '↑') : ''}
              </span>
            </button>
          </th>
        ))}
        <th scope="col">
          <span class="hidden">{last}</span>
        </th>
      </tr>
    </thead>
  );
}

const MORE = 60;

/** A button for more rows. Long tables are drawn in parts, because drawing hundreds of rows is slow. */
export function More({ shown, all }: { readonly shown: Signal<number>; readonly all: number }) {
  if (all <= shown.value) return null;
  return (
    <p class="more">
      <button type="button" onClick={() => (shown.value += MORE)}>
        Show {Math.min(MORE, all - shown.value)} more of {all}
      </button>
    </p>
  );
}

export const FIRST_ROWS = MORE;
