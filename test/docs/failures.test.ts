import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FAULT_KINDS } from '../../chaos/faults';
import { documentsIn } from './markdown';
import { firstMissing, titlesIn } from './titles';

// Each failure in docs/reference/failures names the tests that prove it: `file below test/ › title › title`.

const root = join(__dirname, '..', '..');

interface Failure {
  readonly what: string;
  /** Names of tests, and kinds of fault of chaos. */
  readonly proofs: readonly string[];
}

/** A failure is a paragraph that begins with what happens, in bold, and a list of its proofs. */
function failuresIn(document: string): Failure[] {
  return [...document.matchAll(/^\*\*([^]+?)\*\*[^]*?\n\n((?:- .+\n)*)/gm)].map(([, what = '', list = '']) => ({
    what,
    proofs: [...list.matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted),
  }));
}

function isFault(proof: string): boolean {
  return proof.startsWith('chaos: ');
}

const failures = documentsIn(join(root, 'docs/reference/failures')).flatMap((path) =>
  failuresIn(readFileSync(path, 'utf8')),
);
const named = failures.flatMap(({ proofs }) => proofs);

/** The text of the test file and of the modules of cases that it runs. */
function withCases(path: string): string {
  const source = readFileSync(path, 'utf8');
  const modules = [...source.matchAll(/ from '(\.\/[\w-]+\.cases)'/g)].map(([, name = '']) =>
    join(dirname(path), name),
  );
  return [source, ...modules.map((module) => readFileSync(`${module}.ts`, 'utf8'))].join('\n');
}

/** Why the test is not found; null: it is found. */
function missing(reference: string): string | null {
  const [file = '', ...titles] = reference.split(' › ');
  const path = join(root, 'test', `${file}.test.ts`);
  if (!existsSync(path)) return `there is no test/${file}.test.ts`;
  if (titles.length === 0) return 'it names no test';
  const lost = firstMissing(titles, titlesIn(withCases(path)));
  return lost === null ? null : `test/${file}.test.ts has no '${lost}'`;
}

test('the failures are found', () => {
  expect(failures.length).toBeGreaterThan(140);
  const [one] = failuresIn('# Failures\n\n**It\nends.** Nothing.\n\n- `a › b`\n- `chaos: c`\n');
  expect(one).toEqual({ what: 'It\nends.', proofs: ['a › b', 'chaos: c'] });
});

test('every failure names a test', () => {
  const without = failures.filter(({ proofs }) => proofs.every(isFault));
  expect(without.map(({ what }) => what)).toEqual([]);
});

test('every named test exists', () => {
  const lost = named.filter((proof) => !isFault(proof)).flatMap((reference) => missing(reference) ?? []);
  expect(lost).toEqual([]);
});

test('the named faults are all kinds of fault that chaos has', () => {
  const faults = named.filter(isFault).map((quoted) => quoted.slice('chaos: '.length));
  expect(faults.filter((kind) => !(FAULT_KINDS as readonly string[]).includes(kind))).toEqual([]);
  expect(FAULT_KINDS.filter((kind) => kind !== 'calm-change' && !faults.includes(kind))).toEqual([]);
});

test('a missing test is found', () => {
  expect(missing('program/nowhere › a test')).toMatch(/no test\/program\/nowhere/);
  const attempts = 'workflows/once › of several attempts at one task';
  const outsideOfThem = 'log lines and counts of a workflow come out once';
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
