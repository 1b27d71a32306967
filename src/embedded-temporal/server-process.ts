import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TEMPORAL_UI_PATH } from '../temporal/ui-path';
import { codeOf } from '../lib/errors';
import { isRunning } from '../lib/process-identity';
import type { SearchAttributes } from '../temporal/search-attributes';
import { SERVER_IP } from './server-address';
import type { ServerFiles } from './server-files';
import { openServerLog } from './server-log';
import { serverSettings } from './server-settings';

export interface LaunchOptions {
  readonly cliPath: string;
  readonly files: ServerFiles;
  readonly port: number;
  readonly uiPort: number;
  readonly searchAttributes: SearchAttributes;
}

const POLL_MS = 25;
const TERM_PATIENCE_MS = 10_000;
const KILL_PATIENCE_MS = 5_000;

/**
 * Environment variables that the server gets: those that a Go program needs. Portward's other variables hold secrets
 * that the server must not see.
 */
const ENVIRONMENT = ['PATH', 'HOME', 'TZ', 'TMPDIR', 'XDG_CONFIG_HOME', 'USERPROFILE', 'APPDATA', 'SystemRoot', 'TEMP'];

/**
 * Starts the server and returns its pid. It has a process group of its own, so that Ctrl-C does not end it before the
 * worker has handed over.
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const { cliPath, files } = options;
  const log = openServerLog(files.log);
  try {
    const child = spawn(cliPath, startDevArguments(options), {
      cwd: dirname(files.database),
      detached: true,
      windowsHide: true,
      env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
      stdio: ['ignore', log, log],
    });
    child.unref();
    if (child.pid !== undefined) return child.pid;
    const [error] = (await once(child, 'error')) as [Error];
    throw new Error(`Temporal's CLI at ${cliPath} could not be started: ${error.message}`, { cause: error });
  } finally {
    closeSync(log);
  }
}

function startDevArguments(options: LaunchOptions): string[] {
  const flags: [flag: string, value: string | number][] = [
    ['--db-filename', options.files.database],
    ['--ip', SERVER_IP],
    ['--port', options.port],
    ['--ui-ip', SERVER_IP],
    ['--ui-port', options.uiPort],
    // The API serves the UI below this path, so the UI's links and files have to be there, too.
    ['--ui-public-path', TEMPORAL_UI_PATH],
    ['--log-level', 'warn'],
    ['--log-format', 'json'],
    // With this lock the database refuses a second server, even from another container. Without it two servers run on
    // one database, with no error.
    ['--sqlite-pragma', 'locking_mode=exclusive'],
    // Half the latency and half the disk writes of the default. A power cut may lose the last seconds, but the
    // database stays consistent.
    ['--sqlite-pragma', 'journal_mode=wal'],
    ['--sqlite-pragma', 'synchronous=normal'],
  ];
  for (const [name, type] of Object.entries(options.searchAttributes)) {
    flags.push(['--search-attribute', `${name}=${type}`]);
  }
  return ['server', 'start-dev', ...flags.flat().map(String), ...serverSettings];
}

async function waitUntilGone(pid: number, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (isRunning(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Sends SIGTERM, and SIGKILL later. @param patienceMs time until SIGKILL, which the database survives as well */
export async function terminate(pid: number, patienceMs = TERM_PATIENCE_MS): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  if (await waitUntilGone(pid, patienceMs)) return;
  signalGroup(pid, 'SIGKILL');
  if (await waitUntilGone(pid, KILL_PATIENCE_MS)) return;
  throw new Error(`The Temporal server (pid ${pid}) is still there ${KILL_PATIENCE_MS / 1000} s after SIGKILL.`);
}

/** Signals the process group, or only the process if it leads none because it was started from a script. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform !== 'win32' && sendSignal(-pid, signal)) return;
  sendSignal(pid, signal);
}

function sendSignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    throw error;
  }
}
