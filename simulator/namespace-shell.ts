import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const CLOSE_LIMIT_MS = 60_000;

/** Reads commands until the pipe from us ends, as it does when we are killed, and then does what was asked for the end. */
const LOOP = 'while IFS= read -r line; do eval "$line"; done\n';

/**
 * A shell as the first process of its own process and mount namespaces, fed line by line. When it ends, the kernel kills
 * every process in there and takes away what they have mounted, whatever has happened.
 */
export class NamespaceShell {
  private readonly child: ChildProcess;
  private readonly answers: ((answer: string) => void)[] = [];
  private lines: string[] = [];
  private ended = false;

  /** @param atTheEnd commands for when the shell is closed, or we are gone */
  constructor(atTheEnd: string) {
    // A group of its own: Ctrl-C is for us, who close it in our turn.
    this.child = spawn('unshare', [...NAMESPACES, 'sh', '-c', `${LOOP}${atTheEnd}`], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    const end = (): void => {
      this.ended = true;
      for (const answer of this.answers.splice(0)) answer('');
    };
    this.child.once('error', end).once('exit', end);
    this.child.stdin?.on('error', end);
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', (line) => this.hear(line));
  }

  /** Resolves with what the command line printed; with nothing when the shell has ended. */
  run(line: string): Promise<string> {
    if (this.ended) return Promise.resolve('');
    return new Promise((resolve) => {
      this.answers.push(resolve);
      this.child.stdin?.write(`${line}\necho ${DONE}\n`);
    });
  }

  /** Resolves when it has done what was asked for the end and every process in it is gone. */
  async close(): Promise<void> {
    if (this.ended) return;
    const gone = once(this.child, 'exit');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), CLOSE_LIMIT_MS);
    this.child.stdin?.end();
    await gone;
    clearTimeout(impatience);
  }

  private hear(line: string): void {
    if (line !== DONE) {
      this.lines.push(line);
      return;
    }
    this.answers.shift()?.(this.lines.join('\n'));
    this.lines = [];
  }
}

/** `--kill-child`: the shell goes with `unshare`, which is all that we can signal. */
export const NAMESPACES = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

const DONE = 'portward-command-done';
