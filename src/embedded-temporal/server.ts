import { mkdir, realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { lackOfSpace } from './disk-space';
import type { Log } from './log';
import { isRunning } from '../lib/process-identity';
import { embeddedAddresses } from './server-address';
import { serverFiles } from './server-files';
import { untilUnusable } from './server-probe';
import { findServer } from './server-record';
import { ServerStarter, ServerStartError, type EmbeddedServerOptions, type Running } from './server-starter';
import { messageOf } from '../lib/errors';
import { growingPause, growingPauses } from '../lib/growing-pauses';

export { ServerStartError, type EmbeddedServerOptions } from './server-starter';
export { PortTakenError } from '../lib/listening-port';

const STARTS_AT_MOST = 3;
const WATCH_EVERY_MS = 500;
const LOOK_AT_FOLDER_EVERY_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** After such a long run, pauses begin again with the shortest one. */
const STEADY_AFTER_MS = 60_000;

/**
 * Starts Temporal's development server on the database in `dataDir`, or adopts a server that already runs on it: one
 * whose Portward was killed, or one that another Portward uses.
 * @throws PortTakenError, ServerStartError, and what `cliPath()` throws
 */
export async function startEmbeddedServer(
  options: EmbeddedServerOptions,
  signal?: AbortSignal,
): Promise<EmbeddedServer> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  // One path for each folder: a server is recognised by the path of its database.
  const starter = new ServerStarter(options, serverFiles(await realpath(options.dataDir)));
  return new EmbeddedServer(starter, await bringUp(starter, options.log, signal), options);
}

/** A server that is killed or hangs while it starts is started again: the cause may have passed. */
async function bringUp(starter: ServerStarter, log: Log, signal?: AbortSignal): Promise<Running> {
  for (let start = 1; ; start++) {
    try {
      return await starter.bringUp(signal);
    } catch (error) {
      const mayPass = error instanceof ServerStartError && error.mayPass && !signal?.aborted;
      if (!mayPass || start === STARTS_AT_MOST) throw error;
      log.warn(`${error.message}\nStarting it again (${start + 1} of ${STARTS_AT_MOST})`);
    }
  }
}

/** The addresses of the folder's embedded server, for programs that use it without owning it. */
export async function findEmbeddedServer(dataDir: string): Promise<{ address: string; uiUrl: string } | undefined> {
  const folder = await realpath(dataDir).catch(() => undefined);
  const record = folder === undefined ? undefined : findServer(serverFiles(folder));
  return record && embeddedAddresses(record);
}

/** A running server. `pid` changes when supervision has started another process; the address stays. */
export class EmbeddedServer {
  readonly address: string;
  readonly uiUrl: string;
  readonly adopted: boolean;
  readonly #starter: ServerStarter;
  readonly #log: Log;
  readonly #dataDir: string;
  readonly #stopping = new AbortController();
  #running: Running;
  #supervision: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(
    starter: ServerStarter,
    running: Running,
    { log, dataDir }: Pick<EmbeddedServerOptions, 'log' | 'dataDir'>,
  ) {
    this.#starter = starter;
    this.#running = running;
    this.#log = log;
    this.#dataDir = dataDir;
    const { address, uiUrl } = embeddedAddresses(running.record);
    this.address = address;
    this.uiUrl = uiUrl;
    this.adopted = running.adopted;
  }

  get pid(): number {
    return this.#running.record.pid;
  }

  /**
   * From now on a server that dies, or can't read its database, is started again on the same ports and database. A
   * full disk is logged, and the server's log is limited.
   * @param onBack called after each restart; the database may be a new one
   * @param until ends the supervision before the server is stopped
   */
  supervise(onBack: () => void = () => {}, until?: AbortSignal): void {
    const signal = until ? AbortSignal.any([until, this.#stopping.signal]) : this.#stopping.signal;
    this.#supervision ??= Promise.all([this.#supervise(signal, onBack), this.#watchFolder(signal)]);
  }

  /** Ends the server, unless another running Portward has started it and so still uses it. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervision;
    await this.#starter.takeDown();
  }

  async #watchFolder(stopping: AbortSignal): Promise<void> {
    let lackLogged = false;
    do {
      const lack = await lackOfSpace(this.#dataDir);
      if (lack !== null && !lackLogged) this.#log.warn(String(lack));
      else if (lack === null && lackLogged) this.#log.info(`There is enough free space again for ${this.#dataDir}`);
      lackLogged = lack !== null;
      this.#starter.boundLog();
    } while (await pauseUnless(stopping, LOOK_AT_FOLDER_EVERY_MS));
  }

  async #supervise(stopping: AbortSignal, onBack: () => void): Promise<void> {
    let losses = 0;
    for (let loss = await this.#untilLost(stopping); loss !== null; loss = await this.#untilLost(stopping)) {
      const steady = performance.now() - this.#running.since > STEADY_AFTER_MS;
      losses = steady ? 0 : losses + 1;
      this.#log.warn(loss);
      const firstPauseMs = growingPause(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, losses);
      const back = await this.#restart(firstPauseMs, stopping);
      if (back === undefined) return;
      this.#running = back;
      this.#log.info(`The Temporal server is back (pid ${this.pid})`);
      const { address } = embeddedAddresses(back.record);
      if (address !== this.address) {
        this.#log.warn(`It now runs at ${address}, started by another Portward; restart this one.`);
      }
      onBack();
    }
  }

  /**
   * Resolves with a log text when the server has died, or was ended because it could not be used; null if stopped
   * before.
   */
  async #untilLost(stopping: AbortSignal): Promise<string | null> {
    const { pid } = this;
    const decided = new AbortController();
    const until = AbortSignal.any([stopping, decided.signal]);
    const gone = untilGone(pid, until);
    const died = () =>
      `The Temporal server (pid ${pid}) has died; starting it again. It wrote last:\n${this.#running.lastLines()}`;
    try {
      for (;;) {
        const unusable = await Promise.race([gone.then(() => null), untilUnusable(this.address, until)]);
        if (unusable === null) return (await gone) ? died() : null;
        // If another running Portward started the server, that one restarts it.
        if (!(await this.#starter.end(pid))) continue;
        return (
          `The Temporal server (pid ${pid}) could not read its database for ${unusable.seconds} s (${unusable.reason}); ` +
          'starting it again. Engines keep running'
        );
      }
    } finally {
      decided.abort();
    }
  }

  /** Tries until it succeeds, or until stopped. Each reason is logged once. */
  async #restart(firstPauseMs: number, stopping: AbortSignal): Promise<Running | undefined> {
    const pauses = growingPauses(firstPauseMs, LONGEST_PAUSE_MS);
    let loggedReason = '';
    while (await pauseUnless(stopping, pauses.next().value)) {
      try {
        return await this.#starter.bringUp(stopping);
      } catch (error) {
        if (stopping.aborted) return undefined;
        const reason = messageOf(error);
        if (withoutTimes(reason) !== loggedReason)
          this.#log.warn(`The Temporal server does not start, trying again: ${reason}`);
        loggedReason = withoutTimes(reason);
      }
    }
    return undefined;
  }
}

/** Removes times, which differ each time for the same reason. */
function withoutTimes(reason: string): string {
  return reason.replaceAll(/"time":"[^"]*"/g, '');
}

/** Resolves with true when the process has ended, and with false if stopped before. */
async function untilGone(pid: number, stopping: AbortSignal): Promise<boolean> {
  while (isRunning(pid)) {
    if (!(await pauseUnless(stopping, WATCH_EVERY_MS))) return false;
  }
  return !stopping.aborted;
}

async function pauseUnless(stopping: AbortSignal, ms: number): Promise<boolean> {
  try {
    // `ref: false`: a program that has nothing else to do may end; the server then waits for the next start.
    await sleep(ms, undefined, { signal: stopping, ref: false });
    return true;
  } catch {
    return false;
  }
}
