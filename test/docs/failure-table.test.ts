import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FAULT_KINDS } from '../../chaos/faults';
import { tablesIn } from './markdown';
import { firstMissing, titlesIn } from './titles';

// Each row of docs/failure-and-recovery.md names the tests that prove it: `file below test/ › title › title`.

const root = join(__dirname, '..', '..');
const document = readFileSync(join(root, 'docs', 'failure-and-recovery.md'), 'utf8');
const rows = tablesIn(document)
  .filter(({ header }) => header.at(-1) === 'test')
  .flatMap(({ rows: rowsOfOne }) => rowsOfOne);

function quotedIn(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted);
}

function isFault(quoted: string): boolean {
  return quoted.startsWith('chaos: ');
}

const named = rows.flatMap((row) => quotedIn(row.at(-1)));

/** The test file, and the modules of cases that it runs. */
function withCases(path: string): string {
  const source = readFileSync(path, 'utf8');
  const modules = [...source.matchAll(/ from '(\.\/[\w-]+\.cases)'/g)].map(([, name = '']) =>
    join(dirname(path), name),
  );
  return [source, ...modules.map((module) => readFileSync(`${module}.ts`, 'utf8'))].join('\n');
}

/** What keeps the test from being found, or null. */
function missing(reference: string): string | null {
  const [file = '', ...titles] = reference.split(' › ');
  const path = join(root, 'test', `${file}.test.ts`);
  if (!existsSync(path)) return `there is no test/${file}.test.ts`;
  if (titles.length === 0) return 'it names no test';
  const lost = firstMissing(titles, titlesIn(withCases(path)));
  return lost === null ? null : `test/${file}.test.ts has no '${lost}'`;
}

test('the tables are found', () => {
  expect(rows.length).toBeGreaterThan(60);
});

test('every row names a test', () => {
  const without = rows.filter((row) => quotedIn(row.at(-1)).filter((quoted) => !isFault(quoted)).length === 0);
  expect(without.map(([what]) => what)).toEqual([]);
});

test('every test that is named exists', () => {
  const lost = named.filter((quoted) => !isFault(quoted)).flatMap((reference) => missing(reference) ?? []);
  expect(lost).toEqual([]);
});

test('faults that it names are kinds that chaos has', () => {
  const faults = named.filter(isFault).map((quoted) => quoted.slice('chaos: '.length));
  expect(faults.filter((kind) => !(FAULT_KINDS as readonly string[]).includes(kind))).toEqual([]);
  expect(FAULT_KINDS.filter((kind) => kind !== 'calm-change' && !faults.includes(kind))).toEqual([]);
});

test('what is not there is found missing', () => {
  expect(missing('program/nowhere › a test')).toMatch(/no test\/program\/nowhere/);
  const attempts = 'workflows/once › of the attempts at one task';
  const outsideOfThem = 'what a workflow logs and counts comes out once';
  expect(missing(`${attempts} › that nobody wrote`)).toMatch(/has no 'that nobody wrote'/);
  expect(missing(`${attempts} › ${outsideOfThem}`)).toMatch(RegExp(`has no '${outsideOfThem}'`));
  expect(
    titlesIn(
      `test.skip('skipped', f); test.each([1])("it's %s", f); describe(\n'here', f); test.concurrent('beside', f)`,
    ).map(({ title }) => title),
  ).toEqual(["it's %s", 'here', 'beside']);
  const outside = titlesIn("describe('here', () => {\n  test('inside', f);\n});\ntest('beside', f);");
  expect(firstMissing(['here', 'inside'], outside)).toBeNull();
  expect(firstMissing(['here', 'beside'], outside)).toBe('beside');
});
