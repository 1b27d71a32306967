import { redraw } from '../../src/cli/redraw';
import { Page, TypedTerminal } from './typed';

// A simulated terminal that obeys the codes that `redraw` uses: the result is what the user sees.

const CODES = '\u001B[';

/** @returns the rows on a screen of that width after everything was written */
function onScreen(written: string, columns: number): string[] {
  const rows: string[] = [''];
  let row = 0;
  const type = (text: string) => {
    for (const character of text) {
      if (character === '\n') rows[++row] ??= '';
      else if (character !== '\r') {
        if ((rows[row]?.length ?? 0) === columns) rows[++row] = '';
        rows[row] += character;
      }
    }
  };
  const [first = '', ...coded] = written.split(CODES);
  type(first);
  for (const part of coded) {
    const [, count = '', code = '', text = ''] = /^(\d*)([A-Z])([^]*)$/.exec(part) ?? [];
    if (code === 'A') row -= Number(count);
    if (code === 'J') rows.splice(row, Infinity, '');
    type(text);
  }
  return rows.slice(0, -1);
}

async function frames(page: Page, texts: readonly string[]): Promise<void> {
  const ended = new AbortController();
  const left = [...texts];
  const next = async (): Promise<string> => {
    const text = left.shift();
    if (text === undefined) ended.abort();
    return text ?? '';
  };
  await redraw(new TypedTerminal(page), next, { everyMs: 1, signal: ended.signal });
}

test('on a terminal only the last text remains, even after longer texts and wrapped lines', async () => {
  const page = new Page(true, 10, 20);
  await frames(page, ['one\ntwo\nthree', `long ${'x'.repeat(24)}\nend`, 'one\ntwo']);
  expect(onScreen(page.text, 10)).toEqual(['one', 'two']);
});

test('a text that is higher than the terminal is cut, and says so', async () => {
  const page = new Page(true, 20, 5);
  await frames(page, ['1\n2\n3\n4\n5\n6', '1\n2\n3\n4\n5\n6\n7']);
  expect(onScreen(page.text, 20)).toEqual(['1', '2', '3', '… and 4 more lines']);
});

test('a file gets each new text once, without terminal codes', async () => {
  const page = new Page(false);
  await frames(page, ['one', 'one', 'two', 'two', 'one']);
  expect(page.text).toBe('one\ntwo\none\n');
});
