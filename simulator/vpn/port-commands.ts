import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../inside/surroundings';
import type { CommandRun } from './messages';
import { splitWords } from './split-words';

/** Gluetun's limit for a down-command (internal/portforward/service/stop.go); here it holds for both commands. */
const COMMAND_LIMIT_MS = 60_000;

/** Runs the up- and down-commands and records each run. If a command fails, that is logged, and the port changes all the same. */
export class PortCommands {
  readonly runs: CommandRun[] = [];
  /** Added to the time of the command's program; without a program, the time itself. */
  readonly lastingMs: Record<CommandRun['command'], number> = { up: 0, down: 0 };
  readonly #templates: Record<CommandRun['command'], string>;

  constructor(
    templates: Record<CommandRun['command'], string>,
    private readonly log: Log,
  ) {
    this.#templates = templates;
  }

  /** Resolves when the command has ended; at once if it has neither a program nor a time. Never rejects. */
  async run(command: CommandRun['command'], ports: number[], signal: AbortSignal): Promise<void> {
    const template = this.#templates[command];
    const lastingMs = this.lastingMs[command];
    if (template === '' && lastingMs === 0) return;
    const run: CommandRun = { command, ports, startedAt: Date.now(), endedAt: null, exitCode: null };
    this.runs.push(run);
    try {
      run.exitCode = template === '' ? 0 : await exitCodeOf(withPorts(template, ports), signal);
      await sleep(lastingMs, undefined, { signal });
    } catch (error) {
      this.log(`${command}-command: ${error instanceof Error ? error.message : String(error)}`);
    }
    run.endedAt = Date.now();
  }
}

/** {{PORT}} is the first port, {{PORTS}} all of them, comma-joined. */
export function withPorts(template: string, ports: number[]): string {
  return template.replaceAll('{{PORTS}}', ports.join(',')).replaceAll('{{PORT}}', String(ports[0] ?? 0));
}

function exitCodeOf(command: string, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const [program, ...rest] = splitWords(command);
    if (program === undefined) throw new Error('expected a program, found only spaces');
    const limit = AbortSignal.any([signal, AbortSignal.timeout(COMMAND_LIMIT_MS)]);
    const child = spawn(program, rest, { stdio: 'inherit', signal: limit, killSignal: 'SIGKILL' });
    child.on('error', reject);
    child.on('exit', resolve);
  });
}
