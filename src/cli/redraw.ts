import { stripVTControlCharacters } from 'node:util';
import { pauseUntil } from '../lib/pause';
import type { Terminal } from './terminal';

const UP = (rows: number) => (rows === 0 ? '' : `\u001B[${rows}A`);
const CLEAR_BELOW = '\r\u001B[J';
const FALLBACK = { columns: 80, rows: 24 };

/**
 * Shows a text repeatedly: on a terminal in place of the last one, elsewhere only when it has changed.
 * @param signal ends it
 */
export async function redraw(
  terminal: Terminal,
  frame: () => Promise<string>,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { out } = terminal;
  let last: string | null = null;
  let rows = 0;
  while (!signal.aborted) {
    const next = await frame();
    if (signal.aborted) return;
    if (out.isTTY === true) {
      const shown = fitted(next, out.columns ?? FALLBACK.columns, (out.rows ?? FALLBACK.rows) - 1);
      out.write(`${UP(rows)}${CLEAR_BELOW}${shown.text}\n`);
      rows = shown.rows;
    } else if (next !== last) {
      out.write(`${next}\n`);
    }
    last = next;
    await pauseUntil(everyMs, signal);
  }
}

/** The part of a text that fits on the screen: lines that have scrolled away can't be overwritten. */
function fitted(text: string, columns: number, most: number): { readonly text: string; readonly rows: number } {
  const lines = text.split('\n');
  const heights = lines.map((line) => Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)));
  const all = heights.reduce((sum, height) => sum + height, 0);
  if (all <= most) return { text, rows: all };
  const kept: string[] = [];
  let rows = 0;
  for (const [i, line] of lines.entries()) {
    const height = heights[i] ?? 1;
    // The last row says how many lines are missing.
    if (rows + height > most - 1) break;
    kept.push(line);
    rows += height;
  }
  return { text: [...kept, `… and ${lines.length - kept.length} more lines`].join('\n'), rows: rows + 1 };
}
