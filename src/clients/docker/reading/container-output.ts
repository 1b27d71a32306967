// What a container has written, as Docker's API gives it. It is whatever its program likes: text from there is shown to
// people, so it is without anything that a terminal or a page would act on.

/** A frame of the multiplexed form: stream, three zeros, and the length of what follows, as Docker's API documents it. */
const HEADER_BYTES = 8;

/** Nobody reads longer ones, and Docker cuts those over 16 KB in pieces. */
const LONGEST_LINE = 2_000;

const ESC = '\u001B';
const BEL = '\u0007';
/** Colours, and whatever else a terminal is told; a title for its window ends with BEL or an escape of its own. */
const TERMINAL_COMMAND = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)?|[@-Z\\\\-_])`,
  'g',
);

/** Its lines, oldest first, without empty ones. @param tty the container has a terminal, so that its output is one raw stream */
export function outputLines(output: Buffer, tty: boolean): string[] {
  const parts = tty ? [{ stream: 1, bytes: output }] : frames(output);
  const lines: string[] = [];
  const unended = new Map<number, Buffer>();
  for (const { stream, bytes } of parts) {
    const pieces = Buffer.concat([unended.get(stream) ?? Buffer.alloc(0), bytes])
      .toString('latin1')
      .split('\n')
      .map((piece) => Buffer.from(piece, 'latin1'));
    unended.set(stream, pieces.pop() ?? Buffer.alloc(0));
    for (const piece of pieces) lines.push(readable(piece));
  }
  for (const piece of unended.values()) lines.push(readable(piece));
  return lines.filter((line) => line !== '');
}

function frames(output: Buffer): { readonly stream: number; readonly bytes: Buffer }[] {
  const found: { stream: number; bytes: Buffer }[] = [];
  for (let at = 0; at + HEADER_BYTES <= output.length;) {
    const end = at + HEADER_BYTES + output.readUInt32BE(at + 4);
    found.push({ stream: output.readUInt8(at), bytes: output.subarray(at + HEADER_BYTES, end) });
    at = end;
  }
  return found;
}

function readable(line: Buffer): string {
  if (line.length > LONGEST_LINE) return `(a line of ${line.length} bytes)`;
  return (
    line
      .toString('utf8')
      .replaceAll(TERMINAL_COMMAND, '')
      // Control characters, those that turn the direction of writing, invisible ones, and halves of characters.
      .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\uFFFD]+/gu, ' ')
      .trim()
  );
}
