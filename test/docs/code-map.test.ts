import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tablesIn } from './markdown';

// The map of the code in CONTRIBUTING.md: a newcomer finds every folder in it, and every file of the workflows.

const root = join(__dirname, '..', '..');
const [, section = ''] = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').split('## Map of the code');
const [workflows] = tablesIn(section);
const folders = [...section.matchAll(/^- (`[^:]+`):/gm)].map(([, names = '']) => names);

function namedIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

function foldersIn(path: string): string[] {
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

test('every folder of code is in the map, and every folder in it exists', () => {
  const named = namedIn(folders);
  const ofCode = foldersIn('.').filter((folder) =>
    readdirSync(join(root, folder)).some((name) => name.endsWith('.ts')),
  );
  expect([...ofCode, ...foldersIn('src')].filter((folder) => !named.includes(folder))).toEqual([]);
  expect(named.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  expect(ofCode).toContain('simulator');
});

test('every file of the workflows is in their table, and every file in it exists', () => {
  const there = readdirSync(join(root, 'src', 'workflows')).filter(
    (name) => name !== 'index.ts' && name !== 'README.md',
  );
  expect(namedIn((workflows?.rows ?? []).map(([cell = '']) => cell)).toSorted()).toEqual(there.toSorted());
});
