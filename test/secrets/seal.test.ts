import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { CannotOpen, open, seal, sealingKeyFrom, type SealingKey } from '../../src/secrets/seal';

let key: SealingKey;
let other: SealingKey;
beforeAll(async () => {
  [key, other] = await Promise.all([sealingKeyFrom('a long enough secret'), sealingKeyFrom('another long secret')]);
});

const ENV = { TOKEN: 'TOP-SECRET', CONF: '--a\n--b', EMPTY: '' };

test('an encrypted environment is decrypted with the same key, whatever it holds', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(fc.dictionary(text, text), (env) => {
      const opened = open(seal(env, key), key);
      expect(Object.entries(opened)).toEqual(Object.entries(env));
    }),
  );
});

test('the same text gives the same key, in every process; another text gives another key', async () => {
  expect(await sealingKeyFrom('a long enough secret')).toEqual(key);
  expect(other.equals(key)).toBe(false);
  expect(key).toHaveLength(32);
});

test('an encrypted environment shows its version and nothing of its content', () => {
  const sealed = seal(ENV, key);
  expect(sealed).toMatch(/^v1\.[\w-]+$/);
  const bytes = Buffer.from(sealed.slice(3), 'base64url').toString('latin1');
  for (const text of ['TOKEN', 'TOP-SECRET', 'CONF', '--a']) {
    expect(sealed).not.toContain(text);
    expect(bytes).not.toContain(text);
  }
});

test('the same environment is encrypted differently each time, so that nobody sees that it is the same', () => {
  const sealed = Array.from({ length: 50 }, () => seal(ENV, key));
  expect(new Set(sealed).size).toBe(50);
  // Nonces must never repeat.
  expect(new Set(sealed.map((s) => s.slice(3, 19))).size).toBe(50);
});

function failureOfOtherKey(): unknown {
  try {
    return open(seal(ENV, key), other);
  } catch (error) {
    return error;
  }
}

test('with another key the error says what API and worker must have in common, and nothing of the content', () => {
  const failure = failureOfOtherKey();
  expect(failure).toBeInstanceOf(CannotOpen);
  expect(String(failure)).toMatch(
    /the API and the worker .* same PORTWARD_SECRET_KEY.* same data folder \(PORTWARD_DATA_DIR\)/,
  );
  expect(failure).not.toHaveProperty('cause');
  expect(inspect(failure, { depth: null })).not.toMatch(/TOKEN|TOP-SECRET|CONF/);
});

test('a text that was changed anywhere is not decrypted', () => {
  const sealed = seal(ENV, key);
  const bytes = Buffer.from(sealed.slice(3), 'base64url');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => open(`v1.${changed.toString('base64url')}`, key)).toThrow(CannotOpen);
  }
});

test.each(['', 'v1', 'v1.', 'v1.AAAA', 'v2.', 'x', '{}', 'v1..'])('%j is not an encrypted environment', (text) => {
  expect(() => open(text, key)).toThrow(CannotOpen);
});

test('a text that is cut off, longer or of another version is not decrypted', () => {
  const sealed = seal(ENV, key);
  for (const changed of [sealed.slice(0, -4), `v2${sealed.slice(2)}`, sealed.slice(3), `${sealed}.x`]) {
    expect(() => open(changed, key)).toThrow(CannotOpen);
  }
});
