import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parseCustomEngine } from '../../../src/clients/engine/custom-engine';
import { engineProcess, type Variant } from '../../../src/clients/engine/variant';

const SECRET = 'TOP-SECRET';
const LEAST = {
  image: 'program:1',
  env: { WEB_PORT: '{{HTTP_PORT}}' },
  forwardedEnv: { PEER_PORT: '{{P2P_PORT}}' },
  health: { type: 'tcp' },
};

function variantIn(json: string): Variant {
  const engine = parseCustomEngine(json);
  if ('mistakes' in engine) throw new Error(`expected an engine, found mistakes: ${engine.mistakes.join('; ')}`);
  return engine.variant;
}
const variantOf = (change: object = {}) => variantIn(JSON.stringify({ ...LEAST, ...change }));

function mistakesIn(json: string): readonly string[] {
  const engine = parseCustomEngine(json);
  if ('variant' in engine) throw new Error('expected mistakes, found an engine');
  return engine.mistakes;
}
const mistakesOf = (change: object) => mistakesIn(JSON.stringify({ ...LEAST, ...change }));

test('missing fields have defaults', () => {
  expect(variantOf()).toEqual({
    ...LEAST,
    command: null,
    volumes: [],
    connectionStatus: false,
    oneAtATime: false,
  });
  expect(variantOf({ health: { type: 'http' } }).health).toEqual({
    type: 'http',
    path: '/',
    statuses: ['2xx', '3xx', 401, 403],
  });
});

test('engines with a volume run one at a time, unless the file says that they need not', () => {
  expect(variantOf({ volumes: ['data:/data'] }).oneAtATime).toBe(true);
  expect(variantOf({ volumes: ['data:/data:ro'], oneAtATime: false }).oneAtATime).toBe(false);
  expect(variantOf({ oneAtATime: true }).oneAtATime).toBe(true);
});

test('every field can be set', () => {
  const all = {
    image: 'registry.example:5000/group/program@sha256:0123456789abcdef',
    env: { TOKEN: SECRET, LINES: 'a\nb', 'dotted.name': '' },
    forwardedEnv: {},
    command: ['sh', '-c', 'program --web {{HTTP_PORT}}', '{{P2P_PORT}}'],
    volumes: ['/srv/{{VPN}}:/data', 'named:/other:ro'],
    health: { type: 'http', path: '/ready?x=1', statuses: [200, '4xx'] },
    connectionStatus: true,
    oneAtATime: false,
  };
  expect(variantOf(all)).toEqual(all);
});

test('a byte order mark at the beginning is not a mistake', () => {
  expect(variantIn(`\uFEFF${JSON.stringify(LEAST)}`)).toEqual(variantOf());
});

test('all mistakes are reported at once, each with its place, what was expected and what was found', () => {
  const wrong = {
    image: 'two words',
    env: { TOKEN: 7, WEB_PORT: '{{HTTP_PORT}}' },
    forwardedEnv: { 'A=B': '{{PORT}}' },
    command: ['run', null],
    volumes: ['data'],
    health: { type: 'udp', path: 'ready', statuses: [99, '6xx'] },
    connectionStatus: 'yes',
    ports: [80],
  };
  expect(mistakesIn(JSON.stringify(wrong)).toSorted()).toEqual([
    'command[1]: expected a text in quotes, got null',
    'connectionStatus: expected true or false, got another text',
    'env.TOKEN: expected a text in quotes, got a value of type number',
    expect.stringMatching(/^forwardedEnv\.A=B: expected one of .*, got \{\{PORT\}\}$/),
    expect.stringMatching(/^forwardedEnv: expected names .* got "A=B"$/),
    'health.path: expected a path that begins with /, got another text',
    'health.statuses[0]: expected an HTTP status such as 200, or a class of them such as "2xx", got a value of type number',
    'health.statuses[1]: expected an HTTP status such as 200, or a class of them such as "2xx", got another text',
    'health.type: expected "http" or "tcp", got another text',
    'image: expected the name of an image, got another text',
    'ports: there is no such field',
    'volumes[0]: expected SOURCE:/PATH or SOURCE:/PATH:ro, as in docker run --volume, got another text',
  ]);
});

test('a missing field is reported once', () => {
  expect(mistakesIn('{}')).toEqual([
    'image: expected the name of an image, got nothing',
    'health: expected an object such as {"type": "tcp"}, got nothing',
    expect.stringContaining('expected {{HTTP_PORT}} in one of them'),
    expect.stringContaining('expected {{P2P_PORT}} in one of them'),
  ]);
  expect(mistakesIn('[]')).toEqual(['the file: expected an object, got a list']);
});

test.each<[string, object, RegExp[]]>([
  ['an unknown placeholder', { command: ['{{PORT}}'] }, [/^command\[0\]: expected one of .*, got \{\{PORT\}\}$/]],
  ['no HTTP port', { env: {} }, [/expected \{\{HTTP_PORT\}\} in one of them/]],
  ['no P2P port', { forwardedEnv: {} }, [/expected \{\{P2P_PORT\}\} in one of them/]],
  ['a name with =', { env: { ...LEAST.env, 'A=B': '' } }, [/^env: expected names .* got "A=B"$/]],
  [
    'a name of several lines whose value is not a text',
    { env: { ...LEAST.env, 'A\nB': 5 } },
    [/^env.* expected a text/s],
  ],
  ['an empty name', { forwardedEnv: { ...LEAST.forwardedEnv, '': '' } }, [/^forwardedEnv: expected names .* got ""$/]],
  ['a NUL', { command: ['a\0b'] }, [/^command\[0\]: expected a text/]],
  ['a path with tcp', { health: { type: 'tcp', path: '/' } }, [/^health: expected path and statuses only with/]],
  ['no statuses', { health: { type: 'http', statuses: [] } }, [/^health\.statuses: expected a list of HTTP statuses/]],
])('%s is refused', (_what, change, expected) => {
  expect(mistakesOf(change)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test.each([
  ['{\n  "image": "a"\n  "env": {}\n}', 'expected JSON: the mistake is in line 3, column 3'],
  ['', 'expected JSON'],
])('%j is not JSON', (json, mistake) => {
  expect(mistakesIn(json)).toEqual([mistake]);
});

test('no message repeats a text of the file, which may be secret', () => {
  const file = JSON.stringify({ ...LEAST, env: { ...LEAST.env, TOKEN: SECRET }, command: [SECRET] });
  let mistaken = 0;
  // Cut off, with a part of the middle removed, or with a wrong type somewhere: mistakes of every kind.
  const at = fc.integer({ min: 0, max: file.length });
  const spoilt = fc.oneof(
    at.map((end) => file.slice(0, end)),
    fc.tuple(at, at).map(([a, b]) => file.slice(0, Math.min(a, b)) + file.slice(Math.max(a, b))),
    fc
      .tuple(at, fc.constantFrom('"', '{', '}', ',', ':', '7', 'x', '\\'))
      .map(([i, sign]) => file.slice(0, i) + sign + file.slice(i)),
    fc
      .constantFrom('image', 'env', 'forwardedEnv', 'command', 'volumes', 'health', 'other')
      .chain((field) =>
        fc
          .constantFrom(SECRET, [SECRET, 1], { [`a`]: { b: SECRET } }, 7)
          .map((v) => JSON.stringify({ ...LEAST, [field]: v })),
      ),
  );
  fc.assert(
    fc.property(spoilt, (json) => {
      const engine = parseCustomEngine(json);
      if (!('mistakes' in engine)) return;
      mistaken++;
      if (/SECRET|TOP-/.test(engine.mistakes.join('\n'))) throw new Error(`a secret in ${engine.mistakes.join('; ')}`);
    }),
    { numRuns: 2_000 },
  );
  expect(mistaken).toBeGreaterThan(500);
});

const example = variantIn(readFileSync(join(__dirname, '../../../examples/qbittorrent.json'), 'utf8'));
const PORTS = { vpn: 'gluetun', http: 19_000, https: 45_000 };
const QBITTORRENT_ENV = ['WEBUI_PORT=19000', 'PUID=1000', 'PGID=1000', 'TZ=Etc/UTC'];

test('examples/qbittorrent.json uses the forwarded port for incoming connections, and the HTTP port for its page', () => {
  expect(example.image).toBe('lscr.io/linuxserver/qbittorrent:latest');
  expect(engineProcess(example, { ...PORTS, p2p: 65_290 }, {})).toEqual({
    env: [...QBITTORRENT_ENV, 'TORRENTING_PORT=65290'],
    command: null,
    volumes: ['qbittorrent-gluetun:/config', '/srv/downloads:/downloads'],
  });
  expect(engineProcess(example, { ...PORTS, p2p: null }, {}).env).toEqual(QBITTORRENT_ENV);
});

test('examples/qbittorrent.json accepts its page with or without a login, and never lets two engines write to one volume', () => {
  expect(example).toMatchObject({
    health: { type: 'http', path: '/', statuses: ['2xx', 401, 403] },
    connectionStatus: false,
    oneAtATime: true,
  });
});
