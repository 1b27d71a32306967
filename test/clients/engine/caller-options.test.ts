import { Value } from '@sinclair/typebox/value';
import * as fc from 'fast-check';
import {
  CallerEnvSchema,
  CallerLabelsSchema,
  callerOptionMistakes,
  permittedLabels,
} from '../../../src/clients/engine/caller-options';

const MARK = 'ondemand.app=myservice';
const SECRET = 'TOP-SECRET';

const mistakes = (env: Record<string, string>, labels: Record<string, string> = {}) =>
  callerOptionMistakes({ env, labels }, MARK);
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`N${i}`, 'x']));
const ofBytes = (bytes: number) => ({ NN: 'x'.repeat(bytes - '{"NN":""}'.length) });

test('usual options of proxies are accepted: variables, several lines, labels with ids', () => {
  const env = { CONF: '--http-port={{HTTP_PORT}}\n--bind-all', EMPTY: '', 'dotted.name': 'a=b' };
  const labels = { stream_id: 'abc|1', 'com.example/proxy': 'acexy 1', requested: '' };
  expect(mistakes(env, labels)).toEqual([]);
  expect(Value.Check(CallerEnvSchema, env)).toBe(true);
  expect(Value.Check(CallerLabelsSchema, labels)).toBe(true);
});

test.each(['', 'A=B', '=', 'A B', 'A\nB', 'A\0', 'A\u001b[0m'])(
  '%j is not accepted as the name of a variable',
  (name) => {
    expect(mistakes({ [name]: SECRET })).toEqual([
      expect.stringMatching(/^env: expected names of up to 256 characters/),
    ]);
  },
);

test.each(['', 'a b', 'a\nb', 'a\0'])('%j is not accepted as the name of a label', (name) => {
  expect(mistakes({}, { [name]: '' })).toEqual([
    expect.stringMatching(/^labels: expected names of up to 256 characters/),
  ]);
});

test('a name of over 256 characters is not accepted', () => {
  expect(mistakes({ ['x'.repeat(256)]: '' }, { ['y'.repeat(256)]: '' })).toEqual([]);
  expect(mistakes({ ['x'.repeat(257)]: '' }, { ['y'.repeat(257)]: '' })).toHaveLength(2);
});

test.each([
  'portward.spec',
  'portward.instance',
  'portward.anything',
  'acestream.forwarded',
  'acestream.p2p_port',
  'acestream.anything',
  'host.http_port',
  'ondemand.app',
])("the label %s is Portward's own: refused, and never put on an engine", (name) => {
  expect(mistakes({}, { [name]: 'x' })).toEqual([`labels: ${name} is Portward's own: it can't be given`]);
  expect(permittedLabels({ [name]: 'x', mine: 'y' }, MARK)).toEqual({ mine: 'y' });
});

test("labels that only begin like Portward's own are permitted", () => {
  const labels = { 'portwards.x': '', acestream: '', 'ondemand.app2': '', 'host.http_ports': '' };
  expect(mistakes({}, labels)).toEqual([]);
  expect(permittedLabels(labels, MARK)).toEqual(labels);
});

test('a NUL in a value is refused with the name of the variable, and by the schemas', () => {
  expect(mistakes({ TOKEN: `${SECRET}\0` }, { mine: 'a\0' })).toEqual([
    'env: the value of "TOKEN" has a NUL in it',
    'labels: the value of "mine" has a NUL in it',
  ]);
  expect(Value.Check(CallerEnvSchema, { A: 'a\0' })).toBe(false);
  expect(Value.Check(CallerLabelsSchema, { a: 'a\0' })).toBe(false);
});

test('100 variables and 20 labels are permitted, one more is not', () => {
  expect(mistakes(many(100), many(20))).toEqual([]);
  expect(mistakes(many(101), many(21))).toEqual([
    'env: expected at most 100 of them, got 101',
    'labels: expected at most 20 of them, got 21',
  ]);
  expect([100, 101].map((n) => Value.Check(CallerEnvSchema, many(n)))).toEqual([true, false]);
  expect([20, 21].map((n) => Value.Check(CallerLabelsSchema, many(n)))).toEqual([true, false]);
});

test('an environment of 32 KB is permitted, counted as the JSON that is encrypted, and one byte more is not', () => {
  expect(mistakes(ofBytes(32_768))).toEqual([]);
  expect(mistakes(ofBytes(32_769))).toEqual(['env: expected at most 32768 bytes in all, got 32769']);
  expect(mistakes({ NN: 'ä'.repeat(16_384) })).toEqual([expect.stringContaining('got 32777')]);
  expect(mistakes({ NN: '"'.repeat(16_384) })).toEqual([expect.stringContaining('got 32777')]);
});

const json = (value: string) => JSON.stringify(['NN', value]).length;

test('labels of 400 bytes are permitted, counted as the JSON in histories, and one byte more is not', () => {
  const full = 'x'.repeat(400 - json(''));
  expect(mistakes({}, { NN: full })).toEqual([]);
  expect(mistakes({}, { NN: `${full}x` })).toEqual(['labels: expected at most 400 bytes in all, got 401']);
  expect(mistakes({}, { NN: '\u0001'.repeat(65) })).toEqual([]);
  expect(mistakes({}, { NN: '\u0001'.repeat(70) })).toEqual([expect.stringContaining(`got ${json('') + 420}`)]);
  expect(mistakes({}, { NN: 'ä'.repeat(200) })).toEqual([expect.stringContaining(`got ${json('') + 400}`)]);
});

test('no message repeats a value, whatever is wrong', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(
    fc.property(fc.dictionary(text, fc.constantFrom(SECRET, `${SECRET}\0`), { maxKeys: 120 }), (given) => {
      expect(mistakes(given, given).join('\n')).not.toContain(SECRET);
    }),
  );
});
