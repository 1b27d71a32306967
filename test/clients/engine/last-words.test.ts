import * as fc from 'fast-check';
import { portsSaidTaken, shownLine } from '../../../src/clients/engine/last-words';

const PORTS = [19_000, 45_000, 40_648];
const shown = (line: string, env: string[] = []) => shownLine(line, env, PORTS);

describe("an engine's output", () => {
  test.each([
    ['a value from its environment', 'no licence for S3cret!', ['KEY=S3cret!'], 'no licence for ***'],
    ['in capital letters', 'HOST MY-SECRET.EXAMPLE', ['KEY=my-secret'], 'HOST ***.EXAMPLE'],
    ['escaped', 'got "a\\"bcd"', ['KEY=a"bcd'], 'got "***"'],
    ['URL-encoded', 'GET /?k=pass%20word', ['PHRASE=pass word'], 'GET /?k=***'],
    [
      'in base64',
      `header ${Buffer.from('user:long-secret').toString('base64')}`,
      ['PW=long-secret'],
      'header dXNlcjp***A==',
    ],
    [
      'a line of a value with several',
      'bad option --token-of-mine',
      ['CONF=--http-port=19000\n--token-of-mine'],
      'bad option ***',
    ],
    ['a word of a value', 'bad value hidden-word', ['FLAGS=--a hidden-word -b'], 'bad value ***'],
    [
      'a value that is called a key',
      'api_key=abc failed, password: "x y", token=z',
      [],
      'api_key=*** failed, password: ***, token=***',
    ],
    ['a bearer', 'Authorization: Bearer abc.def', [], 'Authorization: *** ***'],
    ['a user in an address', 'GET http://me:mine@host/path', [], 'GET http://***@host/path'],
    ['a long token', 'session eyJhbGciOiJIUzI1NiIsInR5cCI6 expired', [], 'session *** expired'],
  ])('is shown without %s', (_what, line, env, expected) => {
    expect(shown(line, env)).toBe(expected);
  });

  test("is shown with the engine's ports, words, paths and common variables", () => {
    const env = ['HTTP_PORT=19000', 'CACHE_LIMIT=1', 'PATH=/usr/local/bin:/usr/bin', 'BIND_ALL=yes'];
    const line = 'exec /usr/local/bin/acestreamengine: port 19000 is in use (yes, 1)';
    expect(shown(line, env)).toBe(line);
  });

  test('is shortened, and no half of a secret is shown at the cut', () => {
    expect(shown('x '.repeat(200))).toHaveLength(160);
    const secret = 'correct horse battery staple';
    expect(shown(`${'y '.repeat(75)}${secret}`, [`KEY=${secret}`])).not.toContain('corr');
  });

  test('never shows a value of the environment, whatever and wherever it is', () => {
    const value = fc
      .string({ minLength: 4, maxLength: 40, unit: 'grapheme-ascii' })
      .filter((v) => v.trim().length >= 4 && v !== '***');
    fc.assert(
      fc.property(value, fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), (secret, before, after) => {
        const own = PORTS.some((port) => String(port) === secret.trim());
        const text = shown(`${before}${secret}${after}`, [`KEY=${secret}`]);
        expect(own || !text.replaceAll('***', '').includes(secret)).toBe(true);
      }),
    );
  });
});

describe('ports that an engine says are taken', () => {
  test.each([
    ['EADDRINUSE: P2P port 40648 is taken in this network namespace', [40_648]],
    ['OSError: [Errno 98] Address already in use', PORTS],
    ['bind(0.0.0.0:45000): Address already in use', [45_000]],
    ['listen tcp :19000: bind: address already in use', [19_000]],
    ['port 19000 and 45000 are already in use', [19_000, 45_000]],
    ['port 190001 is in use', PORTS],
    ['no licence', []],
  ])('%s', (line, ports) => {
    expect(portsSaidTaken(['starting on 19000', line], PORTS)).toEqual(ports);
  });
});
