import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Called every 15 s while the command runs, so that a long step does not look like a hang. */
  readonly onStillRunning?: (seconds: number) => void;
  readonly timeoutMs?: number;
}

const STILL_RUNNING_EVERY_MS = 15_000;
/** Enough for the error at the end of the output of apt or Go. */
const TAIL_BYTES = 4_000;

export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';

  constructor(command: string, how: string, output: string) {
    super(`\`${command}\` ${how}${output ? `:\n${output}` : ''}`);
  }
}

/**
 * Runs a program without showing its output. Resolves with the end of the output.
 * @throws CommandFailedError with the end of the output
 */
export function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const line = [command, ...args].join(' ');
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: string): void => {
      output = (output + chunk).slice(-TAIL_BYTES);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);

    const progress = setInterval(
      () => options.onStillRunning?.(Math.round((performance.now() - began) / 1000)),
      STILL_RUNNING_EVERY_MS,
    );
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill('SIGKILL');
          }, options.timeoutMs);
    // Without this the command would go on, with all cores, after this process has ended.
    const end = (): void => {
      child.kill();
    };
    process.once('exit', end);
    const finish = (): void => {
      process.off('exit', end);
      clearInterval(progress);
      clearTimeout(timer);
    };

    child.once('error', (error) => {
      finish();
      reject(new CommandFailedError(line, `could not be started: ${error.message}`, ''));
    });
    child.once('close', (code, signal) => {
      finish();
      if (code === 0) resolve(output);
      else {
        const how = timedOut
          ? `did not end within ${options.timeoutMs} ms`
          : signal
            ? `was killed by ${signal}`
            : `ended with code ${code}`;
        reject(new CommandFailedError(line, how, output.trim()));
      }
    });
  });
}
