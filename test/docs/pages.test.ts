import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { documentsIn, localLinksIn } from './markdown';

// Each page is short enough for one sitting, readable in a terminal, and linked from the map of the documents.

const root = join(__dirname, '..', '..');
const LINES_AT_MOST = 250;
const TABLE_COLUMNS_AT_MOST = 160;

const pages = ['README.md', 'CONTRIBUTING.md', ...documentsIn(join(root, 'docs')).map((path) => relative(root, path))];
const linesOf = (page: string) => readFileSync(join(root, page), 'utf8').split('\n');

test.each(pages)('%s is short, and its tables are not wider than a terminal', (page) => {
  const lines = linesOf(page);
  expect(lines.length).toBeLessThanOrEqual(LINES_AT_MOST);
  const wide = lines.filter((line) => line.startsWith('|') && line.length > TABLE_COLUMNS_AT_MOST);
  expect(wide).toEqual([]);
});

test('every page is linked from the map of the documents or the overview of the failures', () => {
  const linked = ['docs/README.md', 'docs/reference/failures/README.md'].flatMap((page) =>
    localLinksIn(linesOf(page).join('\n')).map((link) => join(dirname(page), link.split('#')[0] ?? '')),
  );
  const maps = ['README.md', 'CONTRIBUTING.md', 'docs/README.md'];
  expect(pages.filter((page) => !linked.includes(page) && !maps.includes(page))).toEqual([]);
  expect(linked).toContain('docs/guides/migrating.md');
});
