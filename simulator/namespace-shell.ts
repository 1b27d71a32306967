import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const CLOSE_LIMIT_MS = 60_000;

/** Reads and runs commands until its input ends, which also happens when this process is killed. Then `atTheEnd` follows. */
const LOOP = 'while IFS= read -r line; do eval "$line"; done\n';

/**
 * A shell that is the first process in process and mount namespaces of its own, and gets commands line by line. When it ends, for
 * whatever reason, the kernel kills every process in the namespaces and removes their mounts.
 */
export class NamespaceShell {
  private readonly child: ChildProcess;
  private readonly answers: ((answer: string) => void)[] = [];
  private lines: string[] = [];
  private ended = false;

  /** @param atTheEnd commands that run when the shell is closed or this process has ended */
  constructor(atTheEnd: string) {
    // In a process group of its own, so that Ctrl-C reaches only this process, which then closes the shell.
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
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on('line', (line) => this.onLine(line));
  }

  /** Resolves with the output of the command line; with '' if the shell has ended. */
  run(line: string): Promise<string> {
    if (this.ended) return Promise.resolve('');
    return new Promise((resolve) => {
      this.answers.push(resolve);
      this.child.stdin?.write(`${line}\necho ${DONE}\n`);
    });
  }

  /** Resolves when `atTheEnd` has run and every process in the namespaces is gone. */
  async close(): Promise<void> {
    if (this.ended) return;
    const gone = once(this.child, 'exit');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), CLOSE_LIMIT_MS);
    this.child.stdin?.end();
    await gone;
    clearTimeout(impatience);
  }

  private onLine(line: string): void {
    if (line !== DONE) {
      this.lines.push(line);
      return;
    }
    this.answers.shift()?.(this.lines.join('\n'));
    this.lines = [];
  }
}

/** `--kill-child`: the shell ends with `unshare`, because this process can signal only `unshare`. */
export const NAMESPACES = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

const DONE = 'portward-command-done';
