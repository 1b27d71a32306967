import { createInterface } from 'node:readline';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ContainerId } from '../domain/engine';
import { pauseUntil } from '../pause';
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

/**
 * One subscription to Docker's container events, shared by all VPNs. It is a hint only: Docker drops events when a
 * reader is slow or the connection breaks.
 */
export class DockerEvents {
  private readonly listeners = new Set<EventListener>();
  private readonly closing = new AbortController();
  private reading: Promise<void> | null = null;

  constructor(private readonly host: DockerHost) {}

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
        const stream = await this.host.events(KINDS, signal);
        pause = 100;
        this.tell(null);
        for await (const line of createInterface({ input: stream })) this.tell(parseEvent(line));
      } catch {
        // Who looks at Docker says that it can't be reached; here it only means to try again.
      }
      await pauseUntil(pause, signal);
    }
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
