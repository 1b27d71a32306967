// Runs Portward as a user does: a process with a folder, a database and ports of its own.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { TEMPORAL_UI_PATH } from '../src/temporal/ui-path';
import { terminate } from '../src/embedded-temporal/server-process';
import { serverFiles } from '../src/embedded-temporal/server-files';
import { findServer } from '../src/embedded-temporal/server-record';
import { freePorts } from './free-ports';
import { httpGet } from './http-get';
import { portwardEnv } from './portward-env';
import { parseLogLine, type LogLine } from './portward-log';

export type { LogLine } from './portward-log';

export interface PortwardOptions {
  /** The settings that a user would have in `.env`. The folder and the ports are chosen here; APP_HOST is loopback if it is not set. */
  readonly env: Readonly<Record<string, string>>;
  /** Called for each line that is printed. */
  readonly onLine?: (line: LogLine, part: Part) => void;
  /** The parent of its folder; default: the folder for temporary files. */
  readonly folderIn?: string | undefined;
  /** Aborts the wait for the start. */
  readonly signal?: AbortSignal;
  /** How long to wait until the API answers; default 10 minutes, because Temporal's CLI may have to be built first. */
  readonly limitMs?: number;
}

/** What the process runs: everything, the worker only, or the API only. */
export type Part = 'start' | 'worker' | 'api';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const START_LIMIT_MS = 600_000;
const STOP_LIMIT_MS = 60_000;
const COMMAND_LIMIT_MS = 30_000;

/** Resolves when the API answers. If the process ends before, rejects with the last lines that it printed. */
export async function startPortward(options: PortwardOptions, part: Part = 'start'): Promise<PortwardProcess> {
  const portward = await preparePortward(options, part);
  try {
    await portward.start();
  } catch (error) {
    await portward.dispose();
    throw error;
  }
  return portward;
}

/** Makes the folder and chooses the ports without starting the process, for callers that need the addresses before. */
export async function preparePortward(options: PortwardOptions, part: Part = 'start'): Promise<PortwardProcess> {
  const folder = await realpath(await mkdtemp(join(options.folderIn ?? tmpdir(), 'portward-')));
  const [api = 0, temporal = 0, ui = 0] = await freePorts(3);
  return new PortwardProcess(options, folder, { api, temporal, ui }, part);
}

/** The same for two processes with one folder. Dispose of the worker last, because it has the Temporal server. */
export async function preparePortwardParts(
  options: PortwardOptions,
): Promise<{ worker: PortwardProcess; api: PortwardProcess }> {
  const worker = await preparePortward(options, 'worker');
  return { worker, api: new PortwardProcess(options, worker.folder, worker.ports, 'api') };
}

export class PortwardProcess {
  /** The printed lines of all starts. */
  readonly logLines: LogLine[] = [];
  readonly url: string;
  readonly temporalAddress: string;
  private readonly env: Record<string, string>;
  private readonly waiting = new Set<() => void>();
  private build: string | null = null;
  private child: ChildProcess | null = null;
  private launchedAt = 0;
  private ended: Promise<Exit> = Promise.resolve({ code: null, signal: null });

  /** Does not start the process: see preparePortward. */
  constructor(
    private readonly options: PortwardOptions,
    readonly folder: string,
    readonly ports: { readonly api: number; readonly temporal: number; readonly ui: number },
    private readonly part: Part = 'start',
  ) {
    this.url = `http://127.0.0.1:${ports.api}`;
    this.temporalAddress = `127.0.0.1:${ports.temporal}`;
    this.env = portwardEnv({
      APP_HOST: '127.0.0.1',
      LOG_FORMAT: 'json',
      ...options.env,
      APP_PORT: String(ports.api),
      PORTWARD_URL: this.url,
      PORTWARD_TEMPORAL_PORT: String(ports.temporal),
      PORTWARD_TEMPORAL_UI_PORT: String(ports.ui),
      PORTWARD_DATA_DIR: this.dataDir,
    });
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** Changes settings from the next start on, as an edit of `.env` does. */
  reconfigure(env: Readonly<Record<string, string>>): void {
    Object.assign(this.env, env);
  }

  /** Uses another build of the program from the next start on, as after an update. @param dist its folder; null: this repository's */
  useBuild(dist: string | null): void {
    this.build = dist;
  }

  /**
   * Makes another process with the same folder and settings: a Portward, a worker or an API. The caller has to stop it.
   * @param apiPort the port of its API; default: the same port as this process's
   */
  beside(part: Part, env: Readonly<Record<string, string>> = {}, apiPort: number = this.ports.api): PortwardProcess {
    const options = { ...this.options, env: { ...this.options.env, ...env } };
    return new PortwardProcess(options, this.folder, { ...this.ports, api: apiPort }, part);
  }

  /** 0 before the first start. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Resolves when the present process ends, by itself or not. */
  get exit(): Promise<Exit> {
    return this.ended;
  }

  get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The embedded server's process; null if it does not run. It runs on if Portward is killed. */
  get temporalPid(): number | null {
    return findServer(serverFiles(this.dataDir))?.pid ?? null;
  }

  /** The address of a workflow's page in the Temporal UI. */
  workflowPage(workflowId: string): string {
    return `${this.url}${TEMPORAL_UI_PATH}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
  }

  /** Begins a start without waiting for it; `start` also waits until the API answers. */
  launch(): void {
    this.launchedAt = this.logLines.length;
    if (this.isRunning) throw new Error(`Portward runs already, pid ${this.pid}`);
    // In a process group of its own, so that Ctrl-C reaches only the caller, which then stops Portward.
    const child = spawn(process.execPath, [mainScript(this.build), this.part], {
      cwd: this.folder,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => this.onLine(parseLogLine(line)));
    }
  }

  /**
   * Starts the process, also again after `kill` or `stop`, with the same folder, ports and settings. Resolves when its API answers, if
   * it has one, and its embedded Temporal server runs, if it has one.
   */
  async start(): Promise<void> {
    this.launch();
    if (this.part !== 'worker') await this.untilAnswering();
  }

  /** Sends the signal to this process only; resolves when it has ended. After SIGKILL the Temporal server runs on. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    if (this.isRunning) this.child?.kill(signal);
    return this.ended;
  }

  /** Stops it as a service manager does: SIGTERM, and SIGKILL if it has not ended within the limit (default: a minute). */
  async stop(limitMs = STOP_LIMIT_MS): Promise<Exit> {
    if (!this.isRunning) return this.ended;
    const impatience = setTimeout(() => this.child?.kill('SIGKILL'), limitMs);
    try {
      return await this.kill('SIGTERM');
    } finally {
      clearTimeout(impatience);
    }
  }

  /** Stops it if it runs, and removes its Temporal server and its folder. */
  async dispose(): Promise<void> {
    await this.stop();
    const left = this.temporalPid;
    if (left !== null) await terminate(left);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The same by SIGKILL, which is faster: the process does not hand over its workflows. */
  async discard(): Promise<void> {
    await this.kill('SIGKILL');
    const left = this.temporalPid;
    if (left !== null) await terminate(left, 0);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Resolves with the first line that matches, among the printed and the coming ones. @param from index of the first line */
  async untilLog(
    pattern: RegExp,
    { from = 0, limitMs = 30_000 }: { from?: number; limitMs?: number } = {},
  ): Promise<LogLine> {
    const deadline = Date.now() + limitMs;
    for (let next = from; ;) {
      for (; next < this.logLines.length; next++) {
        const line = this.logLines[next];
        if (line && pattern.test(line.text)) return line;
      }
      if (Date.now() > deadline) {
        throw new Error(
          `expected a line like ${String(pattern)} in ${limitMs} ms, found none in:\n${this.lastLines()}`,
        );
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, deadline - Date.now() + 1);
        this.waiting.add(wake);
      });
    }
  }

  /** Runs `portward <arguments>` with the same folder and settings; resolves with its output, and rejects if it fails. */
  command(...args: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [mainScript(this.build), ...args],
        { cwd: this.folder, env: this.env, timeout: COMMAND_LIMIT_MS },
        (error, stdout, stderr) => {
          if (error)
            reject(new Error(`portward ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
          else resolve(stdout.trim());
        },
      );
    });
  }

  lastLines(count = 20): string {
    return this.logLines
      .slice(-count)
      .map((line) => `  ${line.level}: ${line.text}`)
      .join('\n');
  }

  private onLine(line: LogLine): void {
    this.logLines.push(line);
    this.options.onLine?.(line, this.part);
    for (const wake of this.waiting) wake();
  }

  /** Whether the embedded Temporal server runs, if there is one: the API answers before, but callers may connect to Temporal. */
  private hasTemporal(): boolean {
    if (this.part !== 'start' || this.env['TEMPORAL_ADDRESS']) return true;
    return this.logLines.slice(this.launchedAt).some(({ text }) => text.includes('Temporal server: '));
  }

  private async untilAnswering(): Promise<void> {
    const { signal, limitMs = START_LIMIT_MS } = this.options;
    const deadline = Date.now() + limitMs;
    for (;;) {
      if (!this.isRunning) {
        const { code, signal: by } = await this.ended;
        throw new Error(`Portward ended with ${by ?? `code ${code}`} before its API answered:\n${this.lastLines()}`);
      }
      signal?.throwIfAborted();
      if (Date.now() > deadline) {
        throw new Error(`Portward's API has not answered in ${limitMs / 1000} s:\n${this.lastLines()}`);
      }
      const answer = await httpGet(`${this.url}/health/live`, { limitMs: 1_000 }).catch(() => null);
      if (answer?.status === 200 && this.hasTemporal()) return;
      await sleep(50);
    }
  }
}

/** The built program in `dist`, whether this file itself runs from the sources (in tests) or from `dist`. */
function mainScript(build: string | null): string {
  if (build !== null) return join(build, 'src', 'main.js');
  let root = __dirname;
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  const script = join(root, 'dist', 'src', 'main.js');
  if (!existsSync(script)) throw new Error(`expected the built program at ${script}: run \`npm run build\``);
  return script;
}
