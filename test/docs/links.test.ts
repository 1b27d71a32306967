import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { anchorsIn, documentsIn, localLinksIn } from './markdown';

const root = join(__dirname, '..', '..');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'src', 'simulator', 'chaos'].flatMap((folder) =>
    documentsIn(join(root, folder)).map((path) => relative(root, path)),
  ),
];

/** The links of a document that lead nowhere. */
function broken(path: string, markdown: string): string[] {
  return localLinksIn(markdown).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (relative(root, join(root, target)).startsWith('..') || !existsSync(join(root, target))) return true;
    if (anchor === undefined) return false;
    return !anchorsIn(file === '' ? markdown : readFileSync(join(root, target), 'utf8')).includes(anchor);
  });
}

test.each(documents)('links and anchors in %s lead somewhere', (path) => {
  expect(broken(path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
});

test('there are links in the documents, and one that leads nowhere is found', () => {
  expect(documents).toContain('README.md');
  expect(documents).toContain('docs/reference/api/README.md');
  expect(localLinksIn(readFileSync(join(root, 'README.md'), 'utf8')).length).toBeGreaterThan(5);
  const text =
    "# It's here\n[a](#its-here) [b](#there) [c](docs/nothing.md) [d](docs/reference/metrics.md#temporals) [e](docs/README.md#none)";
  expect(broken('README.md', text)).toEqual(['#there', 'docs/nothing.md', 'docs/README.md#none']);
});
