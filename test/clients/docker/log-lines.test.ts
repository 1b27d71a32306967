import { LogLines } from '../../../src/clients/docker/reading/log-lines';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function linesOf(output: Buffer, tty: boolean, pieceBytes = output.length): string[] {
  const received: string[] = [];
  const lines = new LogLines(tty, (line) => received.push(line));
  for (let at = 0; at < output.length; at += pieceBytes) lines.take(output.subarray(at, at + pieceBytes));
  return received;
}

const multiplexed = Buffer.concat([
  frame(1, 'one\ntw'),
  frame(2, 'error\n'),
  frame(1, ''),
  frame(1, 'o\n\nthree\nunended'),
]);

test.each([1, 2, 7, 8, 9, 1_000])(
  'frames of two streams, in pieces of %d bytes, are split into the lines of each',
  (bytes) => {
    expect(linesOf(multiplexed, false, bytes)).toEqual(['one', 'error', 'two', '', 'three']);
  },
);

test.each([1, 3, 1_000])('the output of a terminal, in pieces of %d bytes, has no frames', (bytes) => {
  expect(linesOf(Buffer.from('one\r\ntwo\nthree'), true, bytes)).toEqual(['one\r', 'two']);
});

test('only the beginning of an endless line is kept, and the next line is whole', () => {
  const long = 'x'.repeat(1_000_000);
  expect(linesOf(Buffer.from(`${long}\nnext\n`), true, 10_000)).toEqual(['x'.repeat(2_000), 'next']);
  const lines = new LogLines(true, () => undefined);
  for (let i = 0; i < 100; i++) lines.take(Buffer.from(long));
  expect(JSON.stringify([...(lines as unknown as { unended: Map<number, string> }).unended]).length).toBeLessThan(
    2_100,
  );
});
