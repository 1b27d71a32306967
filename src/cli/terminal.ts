import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** What a command writes to: a terminal, a file, or what a test reads. */
export interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type Style = Parameters<typeof styleText>[0];

/** Where a command writes. Colours only where the terminal has them; NO_COLOR and FORCE_COLOR count. */
export class Terminal {
  constructor(
    readonly out: Output = process.stdout,
    readonly err: Output = process.stderr,
  ) {}

  /** The answer. */
  print(text: string): void {
    this.out.write(`${text}\n`);
  }

  /** For programs, on one line. */
  json(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  /** What is said beside the answer. */
  say(text: string): void {
    this.err.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.out, validateStream: true });
  }
}
