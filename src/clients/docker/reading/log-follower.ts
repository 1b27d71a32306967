import type { Logger } from 'pino';
import type { ContainerId } from '../../../domain/engine';
import { statusCode } from '../docker-error';
import type { ContainerDetails, DockerHost } from '../docker-host';
import { LogLines } from './log-lines';

export interface LogFollowerOptions {
  /** Of the container, for the log. */
  readonly name: string;
  readonly heard: (line: string) => void;
  readonly log: Logger;
}

/** A log that ends as soon as it is asked for is asked for again after twice the time each time. */
const AGAIN_AFTER_MS = 500;
const AGAIN_AFTER_AT_MOST_MS = 60_000;
/** One that lasted as long was no vain one. */
const LASTED_MS = 10_000;

/**
 * Follows the log of one container, which may be made anew under its name, for as long as somebody calls `follow` when it is seen
 * running. Lines may hold secrets: they are handed on, and neither kept nor told.
 */
export class LogFollower {
  private following: { readonly id: ContainerId; readonly ending: AbortController } | null = null;
  /** Whose log Docker, or who stands before it, does not give: that does not pass by itself. */
  private refusedFor: ContainerId | null = null;
  private told = false;
  private vain = 0;
  private notBefore = -Infinity;

  constructor(
    private readonly docker: DockerHost,
    private readonly options: LogFollowerOptions,
  ) {}

  /** Sees to it that this container's log is followed, from now on. It was seen running. */
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
      this.told = false;
      const lines = new LogLines(tty, (line) => {
        if (!signal.aborted) this.options.heard(line);
      });
      for await (const chunk of stream) lines.take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    } catch (error) {
      if (!signal.aborted) this.failed(id, error);
    }
    if (signal.aborted) return;
    const now = performance.now();
    this.vain = now - began >= LASTED_MS ? 0 : this.vain + 1;
    const pauseMs = this.vain === 0 ? 0 : Math.min(AGAIN_AFTER_MS * 2 ** (this.vain - 1), AGAIN_AFTER_AT_MOST_MS);
    this.notBefore = now + pauseMs;
    this.following = null;
  }

  private failed(id: ContainerId, error: unknown): void {
    const status = statusCode(error);
    // It is away for a moment, or the container is gone: who looks at it says so.
    if (status === null || status === 404 || status === 409) return;
    this.refusedFor = id;
    if (this.told) return;
    this.told = true;
    const { log, name } = this.options;
    log.debug(
      { event: 'vpn log', status },
      `[${name}] Docker does not give the log of the VPN's container (HTTP ${status}); its port is read at each check as ever`,
    );
  }
}
