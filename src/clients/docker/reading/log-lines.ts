import { frameHeader, HEADER_BYTES } from './frame';

/** In bytes. Only the beginning of a longer line is passed on. */
const LONGEST_LINE = 2_000;

/**
 * Splits a container's output into lines as it arrives. It keeps no more of an unfinished line than it passes on.
 * Each byte becomes one character, which is enough for finding English words.
 */
export class LogLines {
  private header = Buffer.alloc(0);
  /** Bytes of the present frame that have not arrived yet. */
  private left = 0;
  private stream = 0;
  private readonly unended = new Map<number, string>();

  /** @param tty the container has a terminal, so its output has no frames */
  constructor(
    private readonly tty: boolean,
    private readonly onLine: (line: string) => void,
  ) {}

  take(chunk: Buffer): void {
    if (this.tty) {
      this.write(chunk);
      return;
    }
    for (let at = 0; at < chunk.length;) {
      if (this.left === 0) at = this.readHeader(chunk, at);
      const end = Math.min(chunk.length, at + this.left);
      this.write(chunk.subarray(at, end));
      this.left -= end - at;
      at = end;
    }
  }

  private readHeader(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + HEADER_BYTES - this.header.length);
    this.header = Buffer.concat([this.header, chunk.subarray(at, end)]);
    if (this.header.length < HEADER_BYTES) return end;
    const { stream, length } = frameHeader(this.header);
    this.stream = stream;
    this.left = length;
    this.header = Buffer.alloc(0);
    return end;
  }

  private write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const found = bytes.indexOf('\n', at);
      const end = found === -1 ? bytes.length : found;
      const begun = this.unended.get(this.stream) ?? '';
      const room = LONGEST_LINE - begun.length;
      const line = room > 0 ? begun + bytes.toString('latin1', at, Math.min(end, at + room)) : begun;
      if (found === -1) {
        this.unended.set(this.stream, line);
        return;
      }
      this.unended.delete(this.stream);
      this.onLine(line);
      at = end + 1;
    }
  }
}
