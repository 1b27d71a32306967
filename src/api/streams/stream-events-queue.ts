import type { Stream, StreamEvent } from '../../domain/streams/stream';

/** Keeps each event of a workflow's history below 64 KB. */
const BATCH_BYTES_AT_MOST = 60 * 1024;
/** Enough for the reports of a large site during some minutes. */
const WAITING_BYTES_AT_MOST = 4 * 1024 * 1024;

export class TooManyWaiting extends Error {
  constructor() {
    super('too many events wait for this VPN already');
    this.name = 'TooManyWaiting';
  }
}

/**
 * Each batch costs the VPN's workflow a task. The pause after a batch is this many times as long as the batch took, so that reports leave
 * most of a busy worker's time for other work. After a quiet time, two batches follow each other without a pause: a viewer who changes the
 * channel ends one stream and begins another.
 */
const PAUSE_PER_BATCH = 2;
const PAUSE_MS_AT_MOST = 400;

export function streamOf(event: StreamEvent): string {
  return event.kind === 'started' ? event.stream.id : event.id;
}

/**
 * The streams as they will be in the workflow after these events. A repeated start changes nothing, and neither does the end of a stream that
 * is unknown or has ended.
 */
export function withEvents(streams: readonly Stream[], events: readonly StreamEvent[]): readonly Stream[] {
  if (events.length === 0) return streams;
  const all = new Map(streams.map((s) => [s.id, s]));
  for (const event of events) {
    const there = all.get(streamOf(event));
    if (event.kind === 'started') {
      if (!there) all.set(event.stream.id, event.stream);
    } else if (there?.endedAt === null) all.set(there.id, { ...there, endedAt: event.at, endReason: event.reason });
  }
  return [...all.values()];
}

interface QueuedEvent {
  readonly event: StreamEvent;
  readonly bytes: number;
  readonly settle: { readonly accepted: () => void; readonly refused: (reason: unknown) => void };
}

/**
 * Sends stream events to one VPN's workflow in batches, one batch at a time, in the order of arrival. If a batch is refused, only its own
 * events are refused.
 */
export class StreamEventQueue {
  private readonly queue: QueuedEvent[] = [];
  /** When the next batch may be sent, on monotonic time. */
  private dueAt = -Infinity;
  /** A batch sent at this time or later follows a quiet time. */
  private quietFrom = -Infinity;
  private waitingBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private underway: readonly QueuedEvent[] = [];
  private sending: Promise<void> | null = null;
  /** The number of unfinished calls of `flush`. */
  private flushes = 0;

  /** @param send resolves when the server has stored the events */
  constructor(private readonly send: (events: readonly StreamEvent[]) => Promise<void>) {}

  /** The events that are not accepted yet, oldest first. */
  get waiting(): StreamEvent[] {
    return [...this.underway, ...this.queue].map(({ event }) => event);
  }

  /** Resolves when the event's batch is accepted. @throws TooManyWaiting, or the error of the batch */
  add(event: StreamEvent): Promise<void> {
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (this.waitingBytes + bytes > WAITING_BYTES_AT_MOST) return Promise.reject(new TooManyWaiting());
    return new Promise((accepted, refused) => {
      this.waitingBytes += bytes;
      this.queue.push({ event, bytes, settle: { accepted, refused } });
      this.schedule();
    });
  }

  /** Sends all waiting events without a pause. Resolves when each is accepted or refused; never rejects. */
  async flush(): Promise<void> {
    const last = this.queue.at(-1) ?? this.underway.at(-1);
    if (last === undefined) return;
    this.flushes++;
    this.schedule();
    while (this.sending && (this.queue.includes(last) || this.underway.includes(last))) await this.sending;
    this.flushes--;
  }

  private schedule(): void {
    if (this.queue.length === 0 || this.sending) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const wait = this.flushes > 0 ? 0 : this.dueAt - performance.now();
    if (wait <= 0) {
      this.sending = this.sendBatch().then(() => {
        this.sending = null;
        this.schedule();
      });
      // Rounded up, because a timer may fire a part of a millisecond early.
    } else this.timer = setTimeout(() => this.schedule(), Math.ceil(wait));
  }

  private async sendBatch(): Promise<void> {
    const batch = this.takeBatch();
    this.underway = batch;
    const begun = performance.now();
    try {
      await this.send(batch.map(({ event }) => event));
      for (const { settle } of batch) settle.accepted();
    } catch (error) {
      for (const { settle } of batch) settle.refused(error);
    }
    this.underway = [];
    const ended = performance.now();
    const pause = Math.min(PAUSE_MS_AT_MOST, PAUSE_PER_BATCH * (ended - begun));
    this.dueAt = begun >= this.quietFrom ? ended : ended + pause;
    this.quietFrom = ended + 2 * pause;
    for (const { bytes } of batch) this.waitingBytes -= bytes;
  }

  private takeBatch(): QueuedEvent[] {
    let size = 0;
    const tooLong = this.queue.findIndex(({ bytes }, i) => (size += bytes) > BATCH_BYTES_AT_MOST && i > 0);
    return this.queue.splice(0, tooLong < 0 ? this.queue.length : tooLong);
  }
}
