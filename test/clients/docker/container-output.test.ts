import { outputLines } from '../../../src/clients/docker/reading/container-output';

/** Frames as Docker multiplexes them. */
function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

test('lines of both streams come in the order of their ends, however they were cut', () => {
  const output = Buffer.concat([
    frame(1, 'one\ntw'),
    frame(2, 'err'),
    frame(1, 'o\r\n\n'),
    frame(2, 'or\n'),
    frame(1, 'unended'),
  ]);
  expect(outputLines(output, false)).toEqual(['one', 'two', 'error', 'unended']);
});

test("a terminal's output is one stream", () => {
  expect(outputLines(Buffer.from('one\r\ntwo\r\n'), true)).toEqual(['one', 'two']);
});

test('a character that two frames share is read whole', () => {
  const bytes = Buffer.from('ä\n');
  const output = Buffer.concat([frame(2, bytes.subarray(0, 1)), frame(2, bytes.subarray(1))]);
  expect(outputLines(output, false)).toEqual(['ä']);
});

test.each([
  ['colours', '\u001B[1;31mred\u001B[0m', 'red'],
  ['a title for the window', '\u001B]0;mine\u0007text', 'text'],
  ['other control characters', 'a\u0000b\u0008c\td', 'a b c d'],
  ['the C1 form of an escape', 'a\u009B31mb', 'a 31mb'],
  ['characters that change the direction of writing', 'a\u202Eb\u2066c', 'a b c'],
  ['invisible characters', 'a\u200B\uFEFFb', 'a b'],
  ['no text at all', Buffer.from([0xff, 0xfe, 0x41]), 'A'],
])('%s: removed from a line', (_what, text, line) => {
  expect(outputLines(frame(2, text), false)).toEqual([line]);
});

test('an empty output, empty lines and broken frames give no lines', () => {
  expect(outputLines(Buffer.alloc(0), false)).toEqual([]);
  expect(outputLines(frame(1, '\n \n\u001B[0m\n'), false)).toEqual([]);
  expect(outputLines(Buffer.from('abc'), false)).toEqual([]);
  expect(outputLines(frame(1, 'whole').subarray(0, 10), false)).toEqual(['wh']);
});

test('a very long line is replaced by its length', () => {
  expect(outputLines(frame(1, `${'x'.repeat(3_000)}\n`), false)).toEqual(['(a line of 3000 bytes)']);
});
