// Portward as a user runs it: a process of its own, with a folder, a database and ports that meet nobody else's.
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
  /** What a user would put into `.env`. Folder and ports are chosen here; APP_HOST is loopback unless it is named. */
  readonly env: Readonly<Record<string, string>>;
  /** Each line as it is printed. */
  readonly onLine?: (line: LogLine, part: Part) => void;
  /** Where its folder is made; where temporary files are if absent. */
  readonly folderIn?: string | undefined;
  /** Ends a start that is under way; the process too. */
  readonly signal?: AbortSignal;
  /** Until the API answers. Temporal's CLI may have to be built first, which takes minutes. Default 10 minutes. */
  readonly limitMs?: number;
}

/** What runs in a process: everything, or the half that works on the VPNs, or the HTTP API. */
export type Part = 'start' | 'worker' | 'api';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const START_LIMIT_MS = 600_000;
const STOP_LIMIT_MS = 60_000;
const COMMAND_LIMIT_MS = 30_000;

/** Resolves when the API answers; rejects with what was printed last when the process ends before. */
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

/** Its folder and addresses, for those who have to know them before it starts. */
export async function preparePortward(options: PortwardOptions, part: Part = 'start'): Promise<PortwardProcess> {
  const folder = await realpath(await mkdtemp(join(options.folderIn ?? tmpdir(), 'portward-')));
  const [api = 0, temporal = 0, ui = 0] = await freePorts(3);
  return new PortwardProcess(options, folder, { api, temporal, ui }, part);
}

/** The same as two processes on one folder; dispose of the worker, in whose hands the Temporal server is, last. */
export async function preparePortwardParts(
  options: PortwardOptions,
): Promise<{ worker: PortwardProcess; api: PortwardProcess }> {
  const worker = await preparePortward(options, 'worker');
  return { worker, api: new PortwardProcess(options, worker.folder, worker.ports, 'api') };
}

export class PortwardProcess {
  /** As printed, over all starts. */
  readonly logLines: LogLine[] = [];
  readonly url: string;
  readonly temporalAddress: string;
  private readonly env: Record<string, string>;
  private readonly waiting = new Set<() => void>();
  private build: string | null = null;
  private child: ChildProcess | null = null;
  private launchedAt = 0;
  private ended: Promise<Exit> = Promise.resolve({ code: null, signal: null });

  /** Not yet a process: see preparePortward. */
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

  /** From the next start on, as after an edit of `.env`. */
  reconfigure(env: Readonly<Record<string, string>>): void {
    Object.assign(this.env, env);
  }

  /** From the next start on another build of the program, as after an update. @param dist its folder; null: this repository's */
  useBuild(dist: string | null): void {
    this.build = dist;
  }

  /**
   * A further process with the same folder and settings: another Portward, worker, or API apart from it. It is stopped by its
   * owner. @param apiPort where it listens; the same as here if absent
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

  /** The embedded server's process; null when there is none. It outlives a Portward that is killed. */
  get temporalPid(): number | null {
    return findServer(serverFiles(this.dataDir))?.pid ?? null;
  }

  /** A workflow's page in the Temporal UI. */
  workflowPage(workflowId: string): string {
    return `${this.url}${TEMPORAL_UI_PATH}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
  }

  /** A start that is under way and may never come to its end; `start` is it and its end. */
  launch(): void {
    this.launchedAt = this.logLines.length;
    if (this.isRunning) throw new Error(`Portward runs already, pid ${this.pid}`);
    // A group of its own: Ctrl-C is for the caller, who stops Portward in its turn.
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
      createInterface({ input: output }).on('line', (line) => this.hear(parseLogLine(line)));
    }
  }

  /** Resolves when the API answers, where it has one, and so does a Temporal server of its own. After `kill` or `stop` it starts once more, with the same folder, ports and settings. */
  async start(): Promise<void> {
    this.launch();
    if (this.part !== 'worker') await this.untilAnswering();
  }

  /** Sends the signal to the process alone, and resolves when it has ended. SIGKILL leaves the Temporal server running. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    if (this.isRunning) this.child?.kill(signal);
    return this.ended;
  }

  /** As a service manager does: SIGTERM, and SIGKILL if it has not ended by then, after a minute if not told otherwise. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<Exit> {
    if (!this.isRunning) return this.ended;
    const impatience = setTimeout(() => this.child?.kill('SIGKILL'), limitMs);
    try {
      return await this.kill('SIGTERM');
    } finally {
      clearTimeout(impatience);
    }
  }

  /** Stops it if it runs, and leaves neither its Temporal server nor its folder. */
  async dispose(): Promise<void> {
    await this.stop();
    const left = this.temporalPid;
    if (left !== null) await terminate(left);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The same for what nobody needs any more: nothing is handed over or stopped in order. */
  async discard(): Promise<void> {
    await this.kill('SIGKILL');
    const left = this.temporalPid;
    if (left !== null) await terminate(left, 0);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The first line that matches, printed already or yet to come. */
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

  /** Runs `portward <arguments>` beside it, as from a terminal; resolves with what that printed. Rejects on exit code > 0. */
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

  private hear(line: LogLine): void {
    this.logLines.push(line);
    this.options.onLine?.(line, this.part);
    for (const wake of this.waiting) wake();
  }

  /** The API answers before its Temporal server is there, which callers may ask themselves. */
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

/** The built program, from sources (as in tests) and from dist alike. */
function mainScript(build: string | null): string {
  if (build !== null) return join(build, 'src', 'main.js');
  let root = __dirname;
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  const script = join(root, 'dist', 'src', 'main.js');
  if (!existsSync(script)) throw new Error(`expected the built program at ${script}: run \`npm run build\``);
  return script;
}
