import type { Style, Terminal } from './terminal';

/** A text, with or without a style. */
export type Cell = string | number | { readonly text: string | number; readonly style: Style };

/** A table with column names in its first line. */
export function table(terminal: Terminal, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const all = [head.map((text): Cell => ({ text, style: 'dim' })), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => textOf(row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => shown(terminal, cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function textOf(cell: Cell): string {
  return String(typeof cell === 'object' ? cell.text : cell);
}

/** Padding is outside of the style, so that it can be trimmed from the last column. */
function shown(terminal: Terminal, cell: Cell, width: number): string {
  const text = textOf(cell);
  const styled = typeof cell === 'object' ? terminal.style(cell.style, text) : text;
  return styled + ' '.repeat(width - text.length);
}
