import { createInterface } from 'node:readline';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ContainerId } from '../../domain/engine';
import type { Logger } from 'pino';
import { pauseUntil } from '../../lib/pause';
import { statusCode } from './docker-error';
import type { DockerHost } from './docker-host';

export interface ContainerEvent {
  /** In Docker's words: `kill`, `die`, `health_status: unhealthy` and so on. */
  readonly action: string;
  readonly id: ContainerId;
  /** The container's labels, and its name as `name`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Null: events may have been missed, so whoever depends on them looks again. */
export type EventListener = (event: ContainerEvent | null) => void;

const KINDS = ['start', 'kill', 'die', 'stop', 'pause', 'unpause', 'destroy', 'oom', 'health_status'];
const LONGEST_PAUSE_MS = 5_000;

const DockerEvent = Type.Object({
  Action: Type.String(),
  Actor: Type.Object({ ID: Type.String(), Attributes: Type.Record(Type.String(), Type.String()) }),
});

/** What that leads to and what to do, for the log and for who looks before Portward runs. */
export const EVENTS_MISSING = {
  means: 'Portward looks more often instead, and sees later what happens to containers',
  todo: 'A filtering proxy has to permit GET /events (EVENTS=1) and to pass each event on at once',
} as const;

/** An event comes within milliseconds; a machine that is very busy has this long. */
const TOLD_WITHIN_MS = 10_000;

/**
 * One subscription to Docker's container events, shared by all VPNs. It is a hint only: Docker drops events when a
 * reader is slow or the connection breaks, and what stands before Docker may keep all of them back.
 */
export class DockerEvents {
  private readonly listeners = new Set<EventListener>();
  private readonly closing = new AbortController();
  private reading: Promise<void> | null = null;
  /** Ends the subscription that is there; null between two of them. */
  private subscription: AbortController | null = null;
  /** On monotonic time. */
  private lastEventAt = -Infinity;
  /** What keeps events from coming, for as long as it does. */
  private obstacle: string | null = null;
  private refused = false;

  constructor(
    private readonly host: DockerHost,
    private readonly options: { readonly log?: Logger; readonly toldWithinMs?: number } = {},
  ) {}

  /** Nobody tells what happens to containers: whoever depends on it has to look more often. */
  get areMissing(): boolean {
    return this.obstacle !== null;
  }

  /** Since `began`, on monotonic time, a container was started, of which an event has to tell. */
  expectSince(began: number): void {
    const { subscription } = this;
    if (subscription === null) return;
    void pauseUntil(this.options.toldWithinMs ?? TOLD_WITHIN_MS, this.closing.signal).then(() => {
      if (this.closing.signal.aborted || this.subscription !== subscription || this.lastEventAt >= began) return;
      this.miss('none comes, though they are asked for');
      // The connection may have been lost without a sign of it.
      subscription.abort();
    });
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: EventListener): () => void {
    this.listeners.add(listener);
    this.reading ??= this.read();
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.reading;
  }

  private async read(): Promise<void> {
    const { signal } = this.closing;
    for (let pause = 100; !signal.aborted; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      try {
        const subscription = new AbortController();
        const stream = await this.host.events(KINDS, AbortSignal.any([signal, subscription.signal]));
        this.subscription = subscription;
        pause = 100;
        this.tell(null);
        if (this.refused) this.come();
        for await (const line of createInterface({ input: stream })) {
          this.lastEventAt = performance.now();
          this.come();
          this.tell(parseEvent(line));
        }
      } catch (error) {
        // Who looks at Docker says that it can't be reached; here it only means to try again.
        const status = statusCode(error);
        this.refused = status !== null;
        if (status !== null) this.miss(`they are refused with HTTP ${status}`);
      }
      this.subscription = null;
      await pauseUntil(pause, signal);
    }
  }

  private miss(obstacle: string): void {
    if (this.obstacle === obstacle) return;
    this.obstacle = obstacle;
    this.options.log?.warn(
      { event: 'docker events missing' },
      `Docker's events are missing: ${obstacle}. ${EVENTS_MISSING.means}. ${EVENTS_MISSING.todo}`,
    );
    // Whoever waits for an event looks now, and then more often.
    this.tell(null);
  }

  private come(): void {
    if (this.obstacle === null) return;
    this.obstacle = null;
    this.refused = false;
    this.options.log?.info({ event: 'docker events' }, "Docker's events come again");
  }

  private tell(event: ContainerEvent | null): void {
    for (const listener of this.listeners) listener(event);
  }
}

function parseEvent(line: string): ContainerEvent | null {
  try {
    const event: unknown = JSON.parse(line);
    return Value.Check(DockerEvent, event)
      ? { action: event.Action, id: event.Actor.ID, attributes: event.Actor.Attributes }
      : null;
  } catch {
    return null;
  }
}
