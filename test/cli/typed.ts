import { Writable } from 'node:stream';
import { commandLine } from '../../src/cli/command-line';
import { Terminal, type Output } from '../../src/cli/terminal';

/** Collects what is written to it as text. */
export class Page extends Writable implements Output {
  text = '';

  /** @param isTTY whether it has colours and is redrawn in place */
  constructor(
    readonly isTTY = false,
    readonly columns = 120,
    readonly rows = 40,
  ) {
    super({ decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

export class TypedTerminal extends Terminal {
  constructor(
    override readonly out = new Page(),
    override readonly err = new Page(),
  ) {
    super(out, err);
  }
}

/** Runs `portward <arguments>`, and resolves with its output. @throws the command's error */
export async function typed(args: readonly string[], terminal = new TypedTerminal()): Promise<string> {
  await commandLine(terminal).parseAsync(args, { from: 'user' });
  return terminal.out.text;
}
