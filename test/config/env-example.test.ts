// .env.example is the list that users copy. `WRITE_DOCUMENTS=true npx jest test/config/env-example` brings it up to date, and the tables of
// docs/reference/configuration.md with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forAllVpns, ofEachVpn, readElsewhere } from '../../src/config/other-variables';
import { readEnvironment } from '../../src/config/reading';
import { variables } from '../../src/config/variables';
import { tablesIn } from '../docs/markdown';
import { configurationWith, envExampleWith } from './document-variables';
import { configured } from './environment';

const ROOT = join(__dirname, '../..');
const ENV_EXAMPLE = join(ROOT, '.env.example');
const CONFIGURATION = join(ROOT, 'docs/reference/configuration.md');

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
  for (const line of readFileSync(ENV_EXAMPLE, 'utf8').split(/\r?\n/)) {
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

test('the documents have every variable with its default, and .env.example has its description', () => {
  if (process.env['WRITE_DOCUMENTS'] === 'true') {
    writeFileSync(ENV_EXAMPLE, envExampleWith(readFileSync(ENV_EXAMPLE, 'utf8')));
    writeFileSync(CONFIGURATION, configurationWith(readFileSync(CONFIGURATION, 'utf8')));
  }
  const [example, configuration] = [readFileSync(ENV_EXAMPLE, 'utf8'), readFileSync(CONFIGURATION, 'utf8')];
  expect(example).toBe(envExampleWith(example));
  expect(tablesIn(configuration)).toEqual(tablesIn(configurationWith(configuration)));
});

test('a variable that the documents lack is added after the one before it', () => {
  const [example, configuration] = [readFileSync(ENV_EXAMPLE, 'utf8'), readFileSync(CONFIGURATION, 'utf8')];
  expect(without(example)).not.toBe(example);
  expect(envExampleWith(without(example))).toBe(example);
  expect(defaultsIn(without(configuration))).not.toContainEqual(['APP_PORT', '8000']);
  expect(defaultsIn(configurationWith(without(configuration)))).toEqual(defaultsIn(configuration));
});

/** Without APP_PORT. */
function without(text: string): string {
  const lines = text.split('\n').filter((line) => !/^(\| APP_PORT |#APP_PORT=|# Port of the API)/.test(line));
  return lines.join('\n');
}

function defaultsIn(configuration: string): (readonly unknown[])[] {
  return tableLines(configuration).map(([name, standard]) => [name, standard]);
}

test('.env.example lists only variables that are read, and those that it says have no effect', () => {
  const compose = readByCompose();
  const unread = entries().filter(({ name, withoutEffect }) => !withoutEffect && !isRead(name) && !compose.has(name));
  expect(unread).toEqual([]);
});

test('variables that .env.example says have no effect are not read', () => {
  const read = entries().filter(({ name, withoutEffect }) => withoutEffect && isRead(name));
  expect(read).toEqual([]);
});

test('the values in .env.example are the defaults', () => {
  // The VPN's name is an example; all other values must change nothing.
  const values = entries().filter(({ name }) => name in variables && name !== 'GLUETUN_CONTAINER_NAME');
  const env = Object.fromEntries(values.map(({ name, value }) => [name, value]));
  expect(configured({ ...env, HOME: '/h' })).toEqual(configured({ HOME: '/h' }));
});

/** Rows of the document's tables: names, default and description. */
function tableLines(document = readFileSync(CONFIGURATION, 'utf8')): (readonly string[])[] {
  const tables = tablesIn(document);
  return tables.filter(({ header }) => header[0] === 'variable').flatMap((table) => table.rows);
}

/** Numbers in a text that are a minimum and a maximum. */
function limitsIn(text: string): { readonly least: string | undefined; readonly most: string }[] {
  const found = text.matchAll(/(?:([\d.]+)|up) to (\d+)/g);
  return [...found].map(([, least, most = '']) => ({ least, most }));
}

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

test('the tables in docs/reference/configuration.md have only variables that are read', () => {
  const explained = tableLines().flatMap(([names = '']) => names.split(/, | and so on/));
  expect(explained.filter((name) => name !== '' && !isRead(name))).toEqual([]);
});
