import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../simulator/free-ports';
import { findTemporalCli } from '../../src/embedded-temporal/cli/cli';
import { cacheDir } from '../../src/config/folders';
import {
  startEmbeddedServer,
  type EmbeddedServer,
  type EmbeddedServerOptions,
} from '../../src/embedded-temporal/server';

/** One data folder with its ports, and everything that a test starts on it. `clear` removes it all. */
export class ServerBench {
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly messages: string[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #cliPath: string;

  private constructor(cliPath: string, port: number, uiPort: number) {
    this.#cliPath = cliPath;
    this.port = port;
    this.uiPort = uiPort;
    this.dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'portward-temporal-')));
  }

  static async create(): Promise<ServerBench> {
    const log = { info: () => {}, warn: () => {} };
    const cliPath = await findTemporalCli({ env: process.env, cacheDir: cacheDir(process.env), log });
    // Not downloaded here: that may take minutes, and `npm test` has done it.
    if (cliPath === undefined)
      throw new Error("These tests need Temporal's CLI: run `npm test` once, or set TEMPORAL_CLI_PATH.");
    return new ServerBench(cliPath, await freePort(), await freePort());
  }

  /** The first runs do these things instead of serving. */
  cliThatFirst(...commands: string[]): string {
    const script = this.path('temporal.sh');
    const first = commands.map((command, run) => {
      const ran = this.path(`ran-${run}`);
      return `[ -e ${ran} ] || { touch ${ran}; ${command}; }\n`;
    });
    writeFileSync(script, `#!/bin/sh\n${first.join('')}exec ${this.#cliPath} "$@"\n`);
    chmodSync(script, 0o755);
    return script;
  }

  path(name: string): string {
    return join(this.dataDir, name);
  }

  start(overrides: Partial<EmbeddedServerOptions> = {}): Promise<EmbeddedServer> {
    const note = (message: string): void => {
      this.messages.push(message);
    };
    return startEmbeddedServer({
      cliPath: this.#cliPath,
      dataDir: this.dataDir,
      port: this.port,
      uiPort: this.uiPort,
      searchAttributes: { PortwardVpn: 'Keyword' },
      log: { info: note, warn: note },
      ...overrides,
    });
  }

  /** Starts the server from another process, like a Portward that is then killed. */
  async startFromChild(): Promise<{ child: ChildProcess; pid: number; adopted: boolean }> {
    const child = spawn(
      process.execPath,
      [join(__dirname, 'starter-child.cjs'), this.#cliPath, this.dataDir, String(this.port), String(this.uiPort)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#children.push(child);
    for await (const line of createInterface(child.stdout)) {
      const said: unknown = JSON.parse(line);
      if (typeof said === 'object' && said !== null && 'pid' in said && 'adopted' in said) {
        return { child, pid: Number(said.pid), adopted: said.adopted === true };
      }
    }
    throw new Error('the child ended without a server');
  }

  /** Pids of all servers on this database, as the system lists them. */
  servers(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => argumentsOf(pid).includes(this.path('temporal.db')))
      .map(Number);
  }

  async clear(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    for (const pid of this.servers()) kill(pid);
    await until(() => this.servers().length === 0);
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

export async function until(condition: () => boolean | Promise<boolean>, patienceMs = 20_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${condition.toString()}`);
    await sleep(25);
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself.
  }
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
