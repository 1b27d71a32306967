import { createInterface } from 'node:readline';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ContainerId } from '../../domain/engine';
import type { Logger } from 'pino';
import { growingPauses } from '../../lib/growing-pauses';
import { pauseUntil } from '../../lib/pause';
import { statusCode } from './docker-error';
import type { DockerHost } from './docker-host';

export interface ContainerEvent {
  /** Docker's name for it: `kill`, `die`, `health_status: unhealthy` and so on. */
  readonly action: string;
  readonly id: ContainerId;
  /** The container's labels, and its name as `name`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Null: events may have been missed, so whoever depends on them reads Docker again. */
export type EventListener = (event: ContainerEvent | null) => void;

const KINDS = ['start', 'kill', 'die', 'stop', 'pause', 'unpause', 'destroy', 'oom', 'health_status'];
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

const DockerEvent = Type.Object({
  Action: Type.String(),
  Actor: Type.Object({ ID: Type.String(), Attributes: Type.Record(Type.String(), Type.String()) }),
});

/** What missing events mean and what to do, for the log and for the doctor. */
export const EVENTS_MISSING = {
  means: 'Portward polls more often instead, and learns later what happens to containers',
  todo: 'A filtering proxy has to permit GET /events (EVENTS=1) and to pass each event on at once',
} as const;

/** How long an event may take on a busy machine. It usually takes milliseconds. */
const TOLD_WITHIN_MS = 10_000;

/**
 * One subscription to Docker's container events, shared by all VPNs. Events are only a hint: Docker drops them if a
 * reader is slow or the connection breaks, and a proxy in front of Docker may keep them all back.
 */
export class DockerEvents {
  private readonly listeners = new Set<EventListener>();
  private readonly closing = new AbortController();
  private reading: Promise<void> | null = null;
  /** Ends the present subscription; null between two subscriptions. */
  private subscription: AbortController | null = null;
  /** Monotonic time. */
  private lastEventAt = -Infinity;
  /** Why events are missing; null while they arrive. */
  private obstacle: string | null = null;
  private refused = false;

  constructor(
    private readonly host: DockerHost,
    private readonly options: { readonly log?: Logger; readonly toldWithinMs?: number } = {},
  ) {}

  /** Whether events are missing, so that whoever depends on them has to read Docker more often. */
  get areMissing(): boolean {
    return this.obstacle !== null;
  }

  /** A container was started after `began` (monotonic time), so an event has to arrive. */
  expectSince(began: number): void {
    const { subscription } = this;
    if (subscription === null) return;
    void pauseUntil(this.options.toldWithinMs ?? TOLD_WITHIN_MS, this.closing.signal).then(() => {
      if (this.closing.signal.aborted || this.subscription !== subscription || this.lastEventAt >= began) return;
      this.eventsMissing('none arrives, though Portward has subscribed to them');
      // The connection may have been lost without an error.
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
    let pauses = growingPauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    while (!signal.aborted) {
      try {
        const subscription = new AbortController();
        const stream = await this.host.events(KINDS, AbortSignal.any([signal, subscription.signal]));
        this.subscription = subscription;
        pauses = growingPauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        this.tell(null);
        if (this.refused) this.eventsArrive();
        for await (const line of createInterface({ input: stream })) {
          this.lastEventAt = performance.now();
          this.eventsArrive();
          this.tell(parseEvent(line));
        }
      } catch (error) {
        // Whoever reads Docker reports that it is unreachable; here the subscription is only retried.
        const status = statusCode(error);
        this.refused = status !== null;
        if (status !== null) this.eventsMissing(`they are refused with HTTP ${status}`);
      }
      this.subscription = null;
      await pauseUntil(pauses.next().value, signal);
    }
  }

  private eventsMissing(obstacle: string): void {
    if (this.obstacle === obstacle) return;
    this.obstacle = obstacle;
    this.options.log?.warn(
      { event: 'docker events missing' },
      `Docker's events are missing: ${obstacle}. ${EVENTS_MISSING.means}. ${EVENTS_MISSING.todo}`,
    );
    // Listeners read Docker now, and more often from now on.
    this.tell(null);
  }

  private eventsArrive(): void {
    if (this.obstacle === null) return;
    this.obstacle = null;
    this.refused = false;
    this.options.log?.info({ event: 'docker events' }, "Docker's events arrive again");
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
