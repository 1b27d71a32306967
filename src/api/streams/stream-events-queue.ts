import type { Stream, StreamEvent } from '../../domain/streams/stream';

/** No event of a workflow's history shall be over 64 KB. */
const BATCH_BYTES_AT_MOST = 60 * 1024;
/** Some minutes of what a large site reports, held in memory. */
const WAITING_BYTES_AT_MOST = 4 * 1024 * 1024;

export class TooManyWaiting extends Error {
  constructor() {
    super('too many events wait for this VPN already');
    this.name = 'TooManyWaiting';
  }
}

/**
 * A batch costs the VPN's workflow a task. The next one waits this many times as long as the last one took, so that reports leave
 * most of a busy worker's time to other work. After a quiet time two go without a pause: a viewer who changes the channel ends one
 * stream and begins another.
 */
const PAUSE_PER_BATCH = 2;
const PAUSE_MS_AT_MOST = 400;

export function streamOf(event: StreamEvent): string {
  return event.kind === 'started' ? event.stream.id : event.id;
}

/** The list as the workflow will have it: a repeated start, and an end of what is unknown or over, change nothing. */
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
 * Stream events on their way to one VPN's workflow, in batches, one at a time and in the order in which they came. A
 * batch that is refused takes only its own events with it.
 */
export class StreamEventQueue {
  private readonly queue: QueuedEvent[] = [];
  /** Of the next batch, on monotonic time. */
  private dueAt = -Infinity;
  /** A batch that begins from then on comes after a quiet time. */
  private quietFrom = -Infinity;
  private waitingBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private underway: readonly QueuedEvent[] = [];
  private sending: Promise<void> | null = null;
  private flushing = false;

  /** @param send resolves when the events are written down for good */
  constructor(private readonly send: (events: readonly StreamEvent[]) => Promise<void>) {}

  /** Not accepted yet, oldest first. */
  get waiting(): StreamEvent[] {
    return [...this.underway, ...this.queue].map(({ event }) => event);
  }

  /** Resolves when its batch is accepted. @throws TooManyWaiting, or why the batch was not accepted */
  add(event: StreamEvent): Promise<void> {
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (this.waitingBytes + bytes > WAITING_BYTES_AT_MOST) return Promise.reject(new TooManyWaiting());
    return new Promise((accepted, refused) => {
      this.waitingBytes += bytes;
      this.queue.push({ event, bytes, settle: { accepted, refused } });
      this.schedule();
    });
  }

  /** Sends what waits without a further pause, and resolves when all of that has been accepted or refused; never rejects. */
  async flush(): Promise<void> {
    const last = this.queue.at(-1) ?? this.underway.at(-1);
    if (last === undefined) return;
    this.flushing = true;
    this.schedule();
    while (this.sending && (this.queue.includes(last) || this.underway.includes(last))) await this.sending;
    this.flushing = false;
  }

  private schedule(): void {
    if (this.queue.length === 0 || this.sending) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const wait = this.flushing ? 0 : this.dueAt - performance.now();
    if (wait <= 0) {
      this.sending = this.sendBatch().then(() => {
        this.sending = null;
        this.schedule();
      });
      // A timer may be early by a part of a millisecond.
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
