import type { Logger } from 'pino';
import type { ContainerId } from '../../../domain/engine';
import { growingPause } from '../../../lib/growing-pauses';
import { statusCode } from '../docker-error';
import type { ContainerDetails, DockerHost } from '../docker-host';
import { LogLines } from './log-lines';

export interface LogFollowerOptions {
  /** The container's name, for the log. */
  readonly name: string;
  readonly onLine: (line: string) => void;
  readonly log: Logger;
}

/** Pause after a log that ended at once. It doubles each time. */
const AGAIN_AFTER_MS = 500;
const AGAIN_AFTER_AT_MOST_MS = 60_000;
/** A log that lasted this long ends the doubling. */
const LASTED_MS = 10_000;

/**
 * Follows the log of one container, which may be re-created under its name, as long as `follow` is called while the
 * container runs. Lines may hold secrets: they are passed on, but neither kept nor logged.
 */
export class LogFollower {
  private following: { readonly id: ContainerId; readonly ending: AbortController } | null = null;
  /**
   * The container whose log Docker, or a proxy in front of it, refuses. That does not change by itself, so it is not
   * asked for again.
   */
  private refusedFor: ContainerId | null = null;
  /** The refusal has been logged. */
  private refusalLogged = false;
  /** Number of logs in a row that ended at once. */
  private shortLogs = 0;
  private notBefore = -Infinity;

  constructor(
    private readonly docker: DockerHost,
    private readonly options: LogFollowerOptions,
  ) {}

  /** Makes sure that the log of this container, which runs, is being followed. */
  follow({ Id: id, Config }: ContainerDetails): void {
    if (this.following?.id === id || this.refusedFor === id) return;
    if (this.following === null && performance.now() < this.notBefore) return;
    this.stop();
    const ending = new AbortController();
    this.following = { id, ending };
    void this.read(id, Config.Tty, ending.signal);
  }

  stop(): void {
    this.following?.ending.abort();
    this.following = null;
  }

  private async read(id: ContainerId, tty: boolean, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    try {
      const stream = await this.docker.followLogs(id, signal);
      this.refusalLogged = false;
      const lines = new LogLines(tty, (line) => {
        if (!signal.aborted) this.options.onLine(line);
      });
      for await (const chunk of stream) lines.take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    } catch (error) {
      if (!signal.aborted) this.failed(id, error);
    }
    if (signal.aborted) return;
    const now = performance.now();
    this.shortLogs = now - began >= LASTED_MS ? 0 : this.shortLogs + 1;
    const pauseMs = this.shortLogs === 0 ? 0 : growingPause(AGAIN_AFTER_MS, AGAIN_AFTER_AT_MOST_MS, this.shortLogs - 1);
    this.notBefore = now + pauseMs;
    this.following = null;
  }

  private failed(id: ContainerId, error: unknown): void {
    const status = statusCode(error);
    // Docker is unreachable, or the container is gone: the snapshot reports that.
    if (status === null || status === 404 || status === 409) return;
    this.refusedFor = id;
    if (this.refusalLogged) return;
    this.refusalLogged = true;
    const { log, name } = this.options;
    log.debug(
      { event: 'vpn log', status },
      `[${name}] Docker does not give the log of the VPN's container (HTTP ${status}); its port is read at each check as ever`,
    );
  }
}
