// .env.example is the list that users copy: it must be all that there is, with the values that hold.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { variables } from '../../src/config/variables';
import { tablesIn } from '../docs/markdown';
import { configured } from './environment';

const ROOT = join(__dirname, '../..');

/** Read by other parts of Portward, or by a library for it, straight from the environment. */
const READ_ELSEWHERE =
  /^(PORTWARD_(DATA|CACHE)_DIR|PORTWARD_URL|TEMPORAL_[A-Z0-9_]+|DOCKER_(HOST|CERT_PATH|TLS_VERIFY)|XDG_(DATA|CACHE)_HOME)$/;
/** With a VPN's number at the end; see config.ts. */
const OF_ONE_VPN = /^GLUETUN_(PORT_RANGE|API_PORT|API_KEY|USER|PASSWORD)(_\d+)?$/;

interface Entry {
  readonly name: string;
  readonly value: string;
  /** Listed because existing .env files have it, under a heading that says that it does nothing. */
  readonly withoutEffect: boolean;
}

/** `NAME=value` and `#NAME=value` lines; a default may be commented out. */
function entries(): Entry[] {
  const found: Entry[] = [];
  let withoutEffect = false;
  for (const line of readFileSync(join(ROOT, '.env.example'), 'utf8').split(/\r?\n/)) {
    if (line.startsWith('# ---')) withoutEffect = line.includes('without effect');
    const [, name, value] = /^\s*(?:#\s*)?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) found.push({ name, value: unquoted(value), withoutEffect });
  }
  return found;
}

/** Substituted by Docker Compose when it reads the file beside it. */
function readByCompose(): Set<string> {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  return new Set(['COMPOSE_PROFILES', ...[...text.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name ?? '')]);
}

function unquoted(value: string): string {
  const bare = value.replace(/\s+#.*$/, '').trim();
  return /^(["'])(.*)\1$/.exec(bare)?.[2] ?? bare;
}

function isRead(name: string): boolean {
  return name in variables || READ_ELSEWHERE.test(name) || OF_ONE_VPN.test(name);
}

test('.env.example lists every variable', () => {
  const listed = new Set(entries().map((entry) => entry.name));
  expect(Object.keys(variables).filter((name) => !listed.has(name))).toEqual([]);
});

test('.env.example lists nothing that is not read, but for what it says is without effect', () => {
  const compose = readByCompose();
  const unread = entries().filter(({ name, withoutEffect }) => !withoutEffect && !isRead(name) && !compose.has(name));
  expect(unread).toEqual([]);
});

test('what .env.example says is without effect is really not read', () => {
  const read = entries().filter(({ name, withoutEffect }) => withoutEffect && isRead(name));
  expect(read).toEqual([]);
});

test('the values in .env.example are the defaults', () => {
  // The VPN's name is an example; everything else has to change nothing.
  const values = entries().filter(({ name }) => name in variables && name !== 'GLUETUN_CONTAINER_NAME');
  const env = Object.fromEntries(values.map(({ name, value }) => [name, value]));
  expect(configured({ ...env, HOME: '/h' })).toEqual(configured({ HOME: '/h' }));
});

test('docs/reference/configuration.md has every variable in one of its tables', () => {
  const tables = tablesIn(readFileSync(join(ROOT, 'docs/reference/configuration.md'), 'utf8'));
  const explained = new Set(
    tables
      .filter(({ header }) => header[0] === 'variable')
      .flatMap(({ rows }) => rows.flatMap(([names = '']) => names.split(/, | and so on/))),
  );
  expect(Object.keys(variables).filter((name) => !explained.has(name))).toEqual([]);
  expect([...explained].filter((name) => name !== '' && !isRead(name))).toEqual([]);
});
