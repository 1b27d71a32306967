import { redraw } from '../../src/cli/redraw';
import { Page, TypedTerminal } from './typed';

// A terminal that does what the codes say, as far as they are used: what is on it in the end is what people see.

const CODES = '\u001B[';

/** @returns the rows that are on a screen of that width in the end */
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

test('on a terminal the last text stands alone, also after longer ones and lines that are wrapped', async () => {
  const page = new Page(true, 10, 20);
  await frames(page, ['one\ntwo\nthree', `long ${'x'.repeat(24)}\nend`, 'one\ntwo']);
  expect(onScreen(page.text, 10)).toEqual(['one', 'two']);
});

test('what is higher than the terminal is cut, and says so', async () => {
  const page = new Page(true, 20, 5);
  await frames(page, ['1\n2\n3\n4\n5\n6', '1\n2\n3\n4\n5\n6\n7']);
  expect(onScreen(page.text, 20)).toEqual(['1', '2', '3', '… and 4 more lines']);
});

test('in a file each text stands once, and no code', async () => {
  const page = new Page(false);
  await frames(page, ['one', 'one', 'two', 'two', 'one']);
  expect(page.text).toBe('one\ntwo\none\n');
});
