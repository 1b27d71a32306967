import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

// CONTRIBUTING.md lists every folder of the code, and src/workflows/README.md every file of the workflows.

const root = join(__dirname, '..', '..');

/** The names at the beginning of the list items below that heading. */
function namedIn(document: string, heading: string): string[] {
  const [, section = ''] = readFileSync(join(root, document), 'utf8').split(`# ${heading}\n`);
  const [list = ''] = section.split('\n## ');
  const items = [...list.matchAll(/^- (`[^:]+`):/gm)].map(([, names = '']) => names);
  return items.flatMap((names) => [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

function foldersIn(path: string): string[] {
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

test('every folder of code is in the map, and every folder in it exists', () => {
  const named = namedIn('CONTRIBUTING.md', 'Map of the code');
  const ofCode = foldersIn('.').filter((folder) =>
    readdirSync(join(root, folder)).some((name) => name.endsWith('.ts')),
  );
  expect([...ofCode, ...foldersIn('src')].filter((folder) => !named.includes(folder))).toEqual([]);
  expect(named.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
  expect(ofCode).toContain('simulator');
});

test('every file of the workflows is in their list, and every file in it exists', () => {
  const files = filesBelow('src/workflows').filter((name) => name.endsWith('.ts') && name !== 'index.ts');
  const [list = ''] = readFileSync(join(root, 'src/workflows/README.md'), 'utf8').split('# Changing this code');
  const named = [...list.matchAll(/`([a-z-]+\.ts)`/g)].map(([, name = '']) => name);
  expect(named.toSorted()).toEqual(files.toSorted());
});

/** The names of all files below the folder, without their paths. */
function filesBelow(path: string): string[] {
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((name) => basename(name));
}
