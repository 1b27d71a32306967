import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cyclesOf, importedBy, importsBetween, importsIn, root, type Import } from './import-graph';

// Which folders may import from which, so that imports run in one direction. CONTRIBUTING.md has a picture of it.

interface Rule {
  /** Folders of `src` and files, separated by spaces. A folder always may import its own files. */
  readonly from: string;
  /** The same, for folders and files from which only types may be imported. */
  readonly typesFrom?: string;
}

const MESSAGES = 'workflows/vpn/messages.ts workflows/fleet/messages.ts';

/** The files of `lib` that workflow code may use: they have no input or output. */
const PURE = 'lib/problem.ts lib/errors.ts lib/growing-pauses.ts';

const RULES: Readonly<Record<string, Rule>> = {
  lib: { from: '' },
  // Workflow code uses `domain`, so the same holds for it.
  domain: { from: PURE },
  secrets: { from: 'lib' },
  workflows: { from: `domain ${PURE}`, typesFrom: 'activities' },
  clients: { from: 'domain lib secrets' },
  activities: { from: 'domain lib secrets clients' },
  temporal: { from: 'domain lib' },
  'embedded-temporal': { from: 'domain lib temporal' },
  config: { from: 'domain lib secrets clients' },
  gateways: { from: `domain lib temporal ${MESSAGES}`, typesFrom: 'activities' },
  api: { from: `domain lib secrets clients temporal ${MESSAGES}`, typesFrom: 'activities gateways' },
  worker: { from: 'domain lib secrets clients config temporal gateways activities workflows packed-modules.ts' },
  program: { from: 'domain lib secrets clients config temporal embedded-temporal gateways activities api worker' },
  doctor: {
    from: 'domain lib secrets clients config temporal embedded-temporal activities worker program',
    typesFrom: 'api',
  },
  cli: { from: 'domain lib secrets clients config doctor program', typesFrom: 'api' },
  setup: { from: 'lib config embedded-temporal' },
  /** The page. */
  web: { from: '', typesFrom: 'api domain' },
};

/** The folder of a file: a folder of `src`, `.` for `src` itself, or `web`. */
function folderOf(path: string): string {
  const [top = '', folder = '', ...rest] = path.split('/');
  if (top !== 'src') return top;
  return rest.length === 0 ? '.' : folder;
}

function isAmong(path: string, permitted: string): boolean {
  return permitted.split(' ').some((place) => place === folderOf(path) || `src/${place}` === path);
}

/** Files of `src` itself may import everything: programs begin there. */
function isPermitted({ from, to, isType }: Import): boolean {
  const rule = RULES[folderOf(from)];
  if (folderOf(from) === '.' || folderOf(from) === folderOf(to)) return true;
  return rule !== undefined && (isAmong(to, rule.from) || (isType && isAmong(to, rule.typesFrom ?? '')));
}

function offences(imports: readonly Import[]): string[] {
  return imports.filter((each) => !isPermitted(each)).map(({ from, to }) => `${from} -> ${to}`);
}

const all = importsIn('src', 'web');

test('every import is permitted by the rule of its folder', () => {
  expect(all.length).toBeGreaterThan(1_000);
  expect(offences(all)).toEqual([]);
});

test('there are no import cycles', () => {
  expect(cyclesOf(all)).toEqual([]);
});

test('the rules are those of the picture: a folder imports from below, and from its left', () => {
  const [, picture = ''] =
    /The folders of `src`[^]*?```text\n([^]*?)```/.exec(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')) ?? [];
  const folders = picture
    .split('\n')
    .toReversed()
    .flatMap((line) => line.trim().split(/\s+/))
    .filter((folder) => folder !== '');
  const isHigher = (from: string, place: string) => folders.indexOf(from) > folders.indexOf(place.split('/')[0] ?? '');
  const wrong = Object.entries(RULES).flatMap(([from, rule]) =>
    rule.from
      .split(' ')
      .filter((place) => from !== 'web' && !isHigher(from, place))
      .map((place) => `${from} -> ${place}`),
  );
  expect(wrong).toEqual([]);
  expect([...folders, 'web'].toSorted()).toEqual(Object.keys(RULES).toSorted());
});

test('every folder has a rule, and every rule a folder', () => {
  const folders = new Set(all.map(({ from }) => folderOf(from)));
  expect([...folders].filter((folder) => folder !== '.').toSorted()).toEqual(Object.keys(RULES).toSorted());
});

function made(files: Readonly<Record<string, string>>): Import[] {
  return importsBetween(new Map(Object.entries(files)));
}

test.each([
  [
    'a value of activities by workflows',
    'src/workflows/vpn/a.ts',
    "import { x } from '../../activities/b';",
    'src/activities/b.ts',
  ],
  [
    'a type of clients by workflows',
    'src/workflows/a.ts',
    "import type { X } from '../clients/b';",
    'src/clients/b.ts',
  ],
  [
    'a type of workflows by domain',
    'src/domain/a.ts',
    "import type { X } from '../workflows/b';",
    'src/workflows/b.ts',
  ],
  ['a value of lib by domain', 'src/domain/a.ts', "export { x } from '../lib/b';", 'src/lib/b.ts'],
  [
    "a type of a workflow's state by api",
    'src/api/a.ts',
    "import type { VpnData } from '../workflows/vpn/state/data';",
    'src/workflows/vpn/state/data.ts',
  ],
  [
    'a function of workflows by api',
    'src/api/metrics/a.ts',
    "import { x } from '../../workflows/vpn/b';",
    'src/workflows/vpn/b.ts',
  ],
  ['a value of gateways by api', 'src/api/a.ts', "import { type X, y } from '../gateways/b';", 'src/gateways/b.ts'],
  [
    'a value of workflows by temporal',
    'src/temporal/a.ts',
    "const x = import('../workflows/b');",
    'src/workflows/b.ts',
  ],
  [
    'a type of activities by temporal',
    'src/temporal/a.ts',
    "let x: import('../activities').X;",
    'src/activities/index.ts',
  ],
  ['a value of activities by clients', 'src/clients/a/b.ts', "import '../../activities/b';", 'src/activities/b.ts'],
  ['a value of the API by the page', 'web/parts/a.tsx', "import { x } from '../../src/api/b';", 'src/api/b.ts'],
  [
    'a value of domain by a folder without a rule',
    'src/new/a.ts',
    "import { x } from '../domain/b';",
    'src/domain/b.ts',
  ],
])('a wrong import is found: %s', (_what, from, text, to) => {
  expect(offences(made({ [from]: text, [to]: '' }))).toEqual([`${from} -> ${to}`]);
});

test.each([
  [
    'a type of activities by workflows',
    'src/workflows/a/b.ts',
    "import type { X } from '../../activities';",
    'src/activities/index.ts',
  ],
  [
    'messages by the API',
    'src/api/a.ts',
    "import { x, type Y } from '../workflows/vpn/messages';",
    'src/workflows/vpn/messages.ts',
  ],
  ['a type by the page', 'web/a.ts', "import { type X, type Y } from '../src/domain/b';", 'src/domain/b.ts'],
])('a permitted import is not reported: %s', (_what, from, text, to) => {
  expect(offences(made({ [from]: text, [to]: '' }))).toEqual([]);
});

test.each([
  ["import { a } from '../a';", [['src/a.ts', 'src/b.ts', 'src/c/d.ts']]],
  // A cycle through a type import does not exist at run time.
  ["import type { A } from '../a';", []],
])('a cycle that is closed by %j is found', (last, found) => {
  const files = { 'src/a.ts': "import './b';", 'src/b.ts': "export * from './c/d';", 'src/c/d.ts': last };
  expect(cyclesOf(made({ ...files, 'src/e.ts': "import { a } from './a';" }))).toEqual(found);
});

test('imports are read as the compiler reads them', () => {
  const text = `
    import one from './1';
    import type two from './2';
    import { type A, type B } from './3';
    import { type C, d } from './4';
    import * as five from './5';
    export type { E } from './6';
    export * from './7';
    import './8';
    // import './comment';
    const text = "import './text'";
  `;
  expect(importedBy(text, 'a.ts').map(({ module, isType }) => `${module} ${isType ? 'type' : 'value'}`)).toEqual([
    './1 value',
    './2 type',
    './3 type',
    './4 value',
    './5 value',
    './6 type',
    './7 value',
    './8 value',
  ]);
});

test('an import that leads nowhere is an error, not left out', () => {
  expect(() => made({ 'src/a.ts': "import './gone';" })).toThrow("src/a.ts imports './gone', which is no file");
});
