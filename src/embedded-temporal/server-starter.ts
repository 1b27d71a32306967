import { mkdir } from 'node:fs/promises';
import { TEMPORAL_UI_PATH } from '../temporal/ui-path';
import { saysDamaged, setAside } from './damaged-database';
import { isNoSpace, lackOfSpace } from './disk-space';
import { withFileLock } from '../lib/file-lock';
import { assertCanListen } from '../lib/listening-port';
import type { Log } from './log';
import { identify, isRunning } from '../lib/process-identity';
import { waitUntilReady, type Readiness } from './readiness';
import type { SearchAttributes } from '../temporal/search-attributes';
import { embeddedAddresses, serverPlaces } from './server-address';
import type { ServerFiles } from './server-files';
import { boundServerLog, lastLines, sizeOf } from './server-log';
import { launch, terminate } from './server-process';
import { findServer, hasLivingOwner, removeRecord, writeRecord, type ServerRecord } from './server-record';
import { asError } from '../lib/errors';

export interface EmbeddedServerOptions {
  /**
   * The path, or a function that is called only when a server has to be started: installing the CLI can take minutes.
   */
  readonly cliPath: string | (() => Promise<string>);
  /** Holds the database, its log and the record of the running server. Created if missing. */
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly searchAttributes: SearchAttributes;
  /** A server that is not ready by then is ended. Default 30 s. */
  readonly readyWithinMs?: number;
  readonly log: Log;
}

export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
  /** Another attempt may succeed: no lasting cause is known. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: ErrorOptions & { mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = mayPass;
  }
}

const READY_WITHIN_MS = 30_000;
/**
 * For a server of an earlier run: it answers at once or never, since the end of its clients can break it. A new
 * server takes 2 s.
 */
const LEFT_READY_WITHIN_MS = 5_000;
/**
 * Time between SIGTERM and SIGKILL. When Portward stops, everything that the next start needs is in the database.
 * After SIGTERM a server takes a second for its own workers, and then leaves the database as SIGKILL does: with its
 * write-ahead log, which the next server reads.
 */
const STOP_PATIENCE_MS = 200;
/** Longer than a start may take, so that a second starter sees the result of the first. */
const LOCK_PATIENCE_MS = READY_WITHIN_MS + 15_000;

export interface Running {
  readonly record: ServerRecord;
  readonly adopted: boolean;
  readonly since: number;
  readonly lastLines: () => string;
}

/** Starts and ends the server of one database. It holds no state of a running server. */
export class ServerStarter {
  readonly #options: EmbeddedServerOptions;
  readonly #files: ServerFiles;

  constructor(options: EmbeddedServerOptions, files: ServerFiles) {
    this.#options = options;
    this.#files = files;
  }

  /** Starts a server, or adopts a running one. @param signal ends the start; a server that is not ready yet is ended */
  async bringUp(signal?: AbortSignal): Promise<Running> {
    try {
      return await this.#bringUp(signal);
    } catch (error) {
      const lack = isNoSpace(error) ? await lackOfSpace(this.#options.dataDir) : null;
      throw lack === null ? error : new ServerStartError(String(lack), { cause: error });
    }
  }

  async #bringUp(signal?: AbortSignal): Promise<Running> {
    // Before the lock is taken: this can take minutes, and another starter must not wait for it.
    const cliPath = findServer(this.#files) === undefined ? await this.#cliPath() : undefined;
    // The folder may have been deleted while Portward runs.
    await mkdir(this.#options.dataDir, { recursive: true, mode: 0o700 });
    // The database's own lock prevents two servers. This lock lets a second starter use the first one's server
    // instead of failing.
    const doing = 'starting the Temporal server';
    return withFileLock({ path: this.#files.startLock, doing, patienceMs: LOCK_PATIENCE_MS, signal }, async () => {
      const found = findServer(this.#files);
      return (found && (await this.#adopt(found, signal))) ?? this.#start(cliPath ?? (await this.#cliPath()), signal);
    });
  }

  /** Ends the server of the database, unless another running Portward has started it and so still uses it. */
  async takeDown(): Promise<void> {
    const found = findServer(this.#files);
    if (found === undefined) return removeRecord(this.#files);
    if (hasLivingOwner(found)) {
      return this.#options.log.info(`The Temporal server stays: Portward with pid ${found.owner?.pid} uses it.`);
    }
    await terminate(found.pid, STOP_PATIENCE_MS);
    removeRecord(this.#files);
  }

  /** Ends a server that can't be used. Returns false if another running Portward has started it. */
  async end(pid: number): Promise<boolean> {
    const found = findServer(this.#files);
    if (found?.pid !== pid || hasLivingOwner(found)) return false;
    await terminate(pid, STOP_PATIENCE_MS);
    return true;
  }

  boundLog(): void {
    boundServerLog(this.#files.log);
  }

  async #adopt(found: ServerRecord, signal?: AbortSignal): Promise<Running | undefined> {
    if (found.uiPath !== TEMPORAL_UI_PATH && !hasLivingOwner(found)) {
      this.#options.log.info(
        `The Temporal server left by an earlier version (pid ${found.pid}) shows its UI elsewhere than at ${TEMPORAL_UI_PATH}; replacing it.`,
      );
      await terminate(found.pid);
      removeRecord(this.#files);
      return undefined;
    }
    const patienceMs = hasLivingOwner(found)
      ? this.#readyWithinMs
      : Math.min(this.#readyWithinMs, LEFT_READY_WITHIN_MS);
    const readiness = await this.#ready(found, patienceMs, signal);
    signal?.throwIfAborted();
    if (!readiness.ready) {
      if (hasLivingOwner(found))
        throw new ServerStartError(
          `The Temporal server (pid ${found.pid}) of the running Portward (pid ${found.owner?.pid}) does not answer: ${readiness.reason}`,
        );
      this.#options.log.warn(
        `The Temporal server left by an earlier run (pid ${found.pid}) does not answer (${readiness.reason}); replacing it.`,
      );
      await terminate(found.pid);
      removeRecord(this.#files);
      return undefined;
    }
    const record = hasLivingOwner(found) ? found : { ...found, owner: identify(process.pid) };
    writeRecord(this.#files, record);
    const { port, uiPort } = this.#options;
    if (found.port !== port || found.uiPort !== uiPort) {
      this.#options.log.warn(
        `A Temporal server already runs on this database with ports ${found.port} and ${found.uiPort}; using it instead of ${port} and ${uiPort}.`,
      );
    }
    return this.#running(record, true, 0);
  }

  async #start(cliPath: string, signal?: AbortSignal, mayBeginAnew = true): Promise<Running> {
    signal?.throwIfAborted();
    const { port, uiPort, searchAttributes } = this.#options;
    for (const place of serverPlaces({ port, uiPort })) await assertCanListen(place);
    const logged = sizeOf(this.#files.log);
    const pid = await launch({ cliPath, files: this.#files, port, uiPort, searchAttributes });
    const record: ServerRecord = { pid, port, uiPort, uiPath: TEMPORAL_UI_PATH, owner: identify(process.pid) };
    let failure: Error;
    let lines = '';
    try {
      writeRecord(this.#files, record);
      const readiness = await this.#ready(record, this.#readyWithinMs, signal);
      signal?.throwIfAborted();
      const running = this.#running(record, false, logged);
      if (readiness.ready) return running;
      lines = running.lastLines();
      failure = await this.#whyNotStarted(pid, readiness.reason, lines);
    } catch (error) {
      failure = asError(error);
    }
    await terminate(pid, signal?.aborted ? STOP_PATIENCE_MS : undefined);
    removeRecord(this.#files);
    if (!saysDamaged(lines) || !mayBeginAnew) throw failure;
    const aside = setAside(this.#files);
    this.#options.log.warn(
      `The database ${this.#files.database} is damaged. It is now ${aside}, and a new one is begun: everything is found ` +
        'again from Docker, and only the list of past replacements is lost. Check the disk, then delete that file.',
    );
    return this.#start(cliPath, signal, false);
  }

  async #whyNotStarted(pid: number, reason: string, lines: string): Promise<ServerStartError> {
    const lack = await lackOfSpace(this.#options.dataDir);
    if (lack !== null) return new ServerStartError(String(lack));
    if (lines.includes('database is locked')) {
      return new ServerStartError(
        `Another program, perhaps in another container, has ${this.#files.database} open. Stop it, or set PORTWARD_DATA_DIR to another folder.`,
      );
    }
    const what = isRunning(pid)
      ? `did not become ready within ${this.#readyWithinMs / 1000} s (${reason})`
      : 'ended while it was starting';
    const message = `The Temporal server ${what}. The end of ${this.#files.log}:\n${lines}`;
    return new ServerStartError(message, { mayPass: true });
  }

  #running(record: ServerRecord, adopted: boolean, logged: number): Running {
    const { log } = this.#files;
    // A log that was emptied meanwhile begins again at 0.
    return {
      record,
      adopted,
      since: performance.now(),
      lastLines: () => lastLines(log, sizeOf(log) < logged ? 0 : logged),
    };
  }

  #ready(record: ServerRecord, patienceMs: number, signal?: AbortSignal): Promise<Readiness> {
    return waitUntilReady({
      address: embeddedAddresses(record).address,
      searchAttributes: this.#options.searchAttributes,
      patienceMs,
      isRunning: () => isRunning(record.pid) && signal?.aborted !== true,
    });
  }

  get #readyWithinMs(): number {
    return this.#options.readyWithinMs ?? READY_WITHIN_MS;
  }

  #cliPath(): Promise<string> {
    const { cliPath } = this.#options;
    return typeof cliPath === 'string' ? Promise.resolve(cliPath) : cliPath();
  }
}
