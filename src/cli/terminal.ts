import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** A command's output: a terminal, a file, or a buffer of a test. */
export interface Output extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type Style = Parameters<typeof styleText>[0];

/** A command's outputs. Colours are used only if the terminal has them; NO_COLOR and FORCE_COLOR are respected. */
export class Terminal {
  constructor(
    readonly out: Output = process.stdout,
    readonly err: Output = process.stderr,
  ) {}

  /** Prints the command's result. */
  print(text: string): void {
    this.out.write(`${text}\n`);
  }

  /** Prints JSON on one line. */
  json(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  /** Prints a note to standard error. */
  say(text: string): void {
    this.err.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.out, validateStream: true });
  }
}
