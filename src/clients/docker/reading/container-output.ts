import { frameHeader, HEADER_BYTES } from './frame';

// Reads a container's output from Docker's API. The container's program may write anything, and the text is shown to
// people: so everything is removed on which a terminal or a page would act.

/** In bytes. Longer lines are not useful to read, and Docker splits lines of more than 16 KB. */
const LONGEST_LINE = 2_000;

const ESC = '\u001B';
const BEL = '\u0007';
/** Colours and other terminal commands. A window title ends with BEL or an escape sequence. */
const TERMINAL_COMMAND = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)?|[@-Z\\\\-_])`,
  'g',
);

/**
 * The lines of an output, oldest first, without empty ones.
 * @param tty the container has a terminal, so its output is one raw stream
 */
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
    const { stream, length } = frameHeader(output, at);
    const end = at + HEADER_BYTES + length;
    found.push({ stream, bytes: output.subarray(at + HEADER_BYTES, end) });
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
      // Control characters, characters that change the direction of writing, invisible ones, and broken characters.
      .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\uFFFD]+/gu, ' ')
      .trim()
  );
}
