import type { StreamEvent } from '../domain/stream';
import { BatchPace } from './stream-events-pace';

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

interface QueuedEvent {
  readonly event: StreamEvent;
  readonly bytes: number;
  readonly since: number;
  readonly settle: { readonly accepted: () => void; readonly refused: (reason: unknown) => void };
}

export interface QueueOptions {
  /** Resolves when the events are written down for good. */
  readonly send: (events: readonly StreamEvent[]) => Promise<void>;
  readonly pace?: BatchPace;
  readonly now?: () => number;
}

/**
 * Stream events on their way to one VPN's workflow, in batches, one at a time and in the order in which they came. A
 * batch that is refused takes only its own events with it.
 */
export class StreamEventQueue {
  private readonly queue: QueuedEvent[] = [];
  private readonly pace: BatchPace;
  private readonly now: () => number;
  private waitingBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private underway: readonly QueuedEvent[] = [];
  private sending: Promise<void> | null = null;
  private flushing = false;

  constructor(private readonly options: QueueOptions) {
    this.pace = options.pace ?? new BatchPace();
    this.now = options.now ?? (() => performance.now());
  }

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
      this.queue.push({ event, bytes, since: this.now(), settle: { accepted, refused } });
      this.schedule();
    });
  }

  /** Sends what waits without waiting any longer, and so from now on whatever else comes; never rejects. */
  async flush(): Promise<void> {
    this.flushing = true;
    this.schedule();
    while (this.sending) await this.sending;
  }

  private schedule(): void {
    const [first] = this.queue;
    if (first === undefined || this.sending) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const wait = this.flushing ? 0 : this.pace.dueAt(first.since) - this.now();
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
    this.pace.sent(this.now());
    try {
      await this.options.send(batch.map(({ event }) => event));
      for (const { settle } of batch) settle.accepted();
    } catch (error) {
      for (const { settle } of batch) settle.refused(error);
    }
    this.underway = [];
    for (const { bytes } of batch) this.waitingBytes -= bytes;
  }

  private takeBatch(): QueuedEvent[] {
    let size = 0;
    const tooLong = this.queue.findIndex(({ bytes }, i) => (size += bytes) > BATCH_BYTES_AT_MOST && i > 0);
    return this.queue.splice(0, tooLong < 0 ? this.queue.length : tooLong);
  }
}
