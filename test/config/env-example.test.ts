// .env.example is the list that users copy: it has to have every variable, with its default.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { forAllVpns, ofEachVpn, readElsewhere } from '../../src/config/other-variables';
import { readEnvironment } from '../../src/config/reading';
import { variables } from '../../src/config/variables';
import { tablesIn } from '../docs/markdown';
import { configured } from './environment';

const ROOT = join(__dirname, '../..');

interface Entry {
  readonly name: string;
  /** The comment lines above it. */
  readonly comment: string;
  readonly value: string;
  /** Listed because existing .env files have it, under a heading that says that it has no effect. */
  readonly withoutEffect: boolean;
}

/** `NAME=value` and `#NAME=value` lines; a default may be commented out. */
function entries(): Entry[] {
  const found: Entry[] = [];
  let withoutEffect = false;
  let comment = '';
  for (const line of readFileSync(join(ROOT, '.env.example'), 'utf8').split(/\r?\n/)) {
    if (line.startsWith('# ---')) withoutEffect = line.includes('without effect');
    const [, name, value] = /^\s*(?:#\s*)?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) comment += `${line}\n`;
    else {
      found.push({ name, comment, value: unquoted(value), withoutEffect });
      comment = '';
    }
  }
  return found;
}

/** Substituted by Docker Compose when it reads docker-compose.yml. */
function readByCompose(): Set<string> {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  return new Set(['COMPOSE_PROFILES', ...[...text.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name ?? '')]);
}

function unquoted(value: string): string {
  const bare = value.replace(/\s+#.*$/, '').trim();
  return /^(["'])(.*)\1$/.exec(bare)?.[2] ?? bare;
}

function isRead(name: string): boolean {
  const all = [...Object.keys(variables), ...readElsewhere, ...forAllVpns];
  return all.includes(name) || ofEachVpn.some((own) => name.startsWith(`${own}_`) && /_\d+$/.test(name));
}

test('.env.example lists every variable', () => {
  const listed = new Set(entries().map((entry) => entry.name));
  expect(Object.keys(variables).filter((name) => !listed.has(name))).toEqual([]);
});

test('.env.example lists only variables that are read, and those that it says have no effect', () => {
  const compose = readByCompose();
  const unread = entries().filter(({ name, withoutEffect }) => !withoutEffect && !isRead(name) && !compose.has(name));
  expect(unread).toEqual([]);
});

test('variables that .env.example says have no effect are not read', () => {
  const read = entries().filter(({ name, withoutEffect }) => withoutEffect && isRead(name));
  expect(read).toEqual([]);
});

test('the comments in .env.example are the descriptions of the variables', () => {
  const said = entries().filter(({ name }) => name in variables);
  const descriptions = said.map(({ name }) => [name, variables[name as keyof typeof variables].desc]);
  expect(said.map(({ name, comment }) => [name, asOneLine(comment)])).toEqual(descriptions);
});

/** The last paragraph of a comment, without the marks of its lines. */
function asOneLine(comment: string): string {
  const paragraph = comment.split(/^\s*$/m).findLast((part) => part.trim() !== '') ?? '';
  return paragraph
    .trim()
    .split('\n')
    .map((line) => line.slice('# '.length))
    .join(' ');
}

test('the values in .env.example are the defaults', () => {
  // The VPN's name is an example; all other values must change nothing.
  const values = entries().filter(({ name }) => name in variables && name !== 'GLUETUN_CONTAINER_NAME');
  const env = Object.fromEntries(values.map(({ name, value }) => [name, value]));
  expect(configured({ ...env, HOME: '/h' })).toEqual(configured({ HOME: '/h' }));
});

/** Rows of the document's tables: names, default and description. */
function tableLines(): (readonly string[])[] {
  const tables = tablesIn(readFileSync(join(ROOT, 'docs/reference/configuration.md'), 'utf8'));
  return tables.filter(({ header }) => header[0] === 'variable').flatMap((table) => table.rows);
}

/** Numbers in a text that are a minimum and a maximum. */
function limitsIn(text: string): { readonly least: string | undefined; readonly most: string }[] {
  const found = text.matchAll(/(?:([\d.]+)|up) to (\d+)/g);
  return [...found].map(([, least, most = '']) => ({ least, most }));
}

/** The valid values of the variables. */
function valuesOf(env: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return { ...readEnvironment(env).values };
}

test('the defaults in docs/reference/configuration.md are the real ones', () => {
  const lines = tableLines().filter(([name = '']) => name in variables);
  expect(lines.length).toBeGreaterThan(55);
  const wrong = lines.filter(([name = '', said = '']) => {
    const isNothing = [undefined, '', []].some((nothing) => isDeepStrictEqual(valuesOf({})[name], nothing));
    if (said === '–' || isNothing) return said !== '–' || !isNothing;
    return !isDeepStrictEqual(valuesOf({ [name]: said.replaceAll('`', '') }), valuesOf({}));
  });
  expect(wrong).toEqual([]);
});

const said = [
  ...tableLines().map(([name = '', , what = '']) => ({ name, text: what })),
  ...entries().map(({ name, comment }) => ({ name, text: comment })),
].flatMap(({ name, text }) => (name in variables ? limitsIn(text).map((limits) => ({ name, ...limits })) : []));

test('documents name the limits of many variables', () => {
  expect(said.length).toBeGreaterThan(20);
});

function takes(name: string, value: number): boolean {
  return readEnvironment({ [name]: String(value) }).mistakes.length === 0;
}

test.each(said)('the documented limits of $name, $least to $most, are the real ones', ({ name, least, most }) => {
  const within = [least ?? most, most].map((limit) => takes(name, Number(limit)));
  const beyond = [least === undefined ? -1 : Number(least) - 0.05, Number(most) + 1].map((value) => takes(name, value));
  expect([within, beyond]).toEqual([
    [true, true],
    [false, false],
  ]);
});

test('docs/reference/configuration.md has every variable in one of its tables', () => {
  const explained = new Set(tableLines().flatMap(([names = '']) => names.split(/, | and so on/)));
  expect(Object.keys(variables).filter((name) => !explained.has(name))).toEqual([]);
  expect([...explained].filter((name) => name !== '' && !isRead(name))).toEqual([]);
});
