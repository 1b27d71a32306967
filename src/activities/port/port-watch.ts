import type { PortRead, PortReading } from '../../domain/vpn/observation';
import { NoPortForwarded } from '../../clients/gluetun/client';
import { growingPause } from '../../lib/growing-pauses';
import { pauseUntil } from '../../lib/pause';
import { messageOf } from '../../lib/errors';

/**
 * In a port change the control server answers 0 for 20–200 ms. Failed reads are repeated for this long before the
 * port counts as unknown.
 */
const REREAD_FOR_MS = 1_000;
const FIRST_REREAD_AFTER_MS = 20;
/** The pauses between repeated reads double up to this. */
const REREAD_AFTER_AT_MOST_MS = 200;

/** Why reads of the port fail. */
export interface PortFailure {
  /** Monotonic time at which the first failed read began. */
  readonly since: number;
  /** The error of the last read. */
  readonly reason: string;
  /** The control server says that there is no port. */
  readonly none: boolean;
  /** There is none because the VPN is stopped inside its container. */
  readonly stopped: boolean;
}

export interface PortWatchOptions {
  /** Kept from one watch of the VPN to the next, so that the time of failures adds up. */
  readonly memory: { portFailure: PortFailure | null };
  /** Rejects with the reason why there is no port. */
  readonly read: (signal: AbortSignal) => Promise<PortRead>;
  readonly intervalMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Called with each reading. */
  readonly onReading: (reading: PortReading, before: PortReading) => void;
  /** Called when `reading` or `isDoubted` may have changed. */
  readonly changed: () => void;
}

/** Reads a VPN's port at intervals while the VPN is healthy, and says whether the last reading can be relied on. */
export class PortWatch {
  private latest: PortReading = { kind: 'pending' };
  private vpnHealthy = false;
  /** Monotonic time, as are the next two fields. */
  private doubtedUntil = 0;
  /** A read that began before this does not end the doubt. */
  private doubtedAt = -Infinity;
  /** Until then failed reads are repeated soon: the new port may come later than its hint. */
  private hintedUntil = -Infinity;
  /** Ends the pause after a read. It is made before the read, so that a request during the read is not lost. */
  private waker = new AbortController();

  constructor(private readonly options: PortWatchOptions) {}

  get reading(): PortReading {
    return this.latest;
  }

  /** Whether the port is being read again, and may change in a moment. */
  get isDoubted(): boolean {
    return (
      performance.now() < this.doubtedUntil ||
      (this.options.memory.portFailure !== null && this.latest.kind === 'known')
    );
  }

  /** @param healthy null: unknown; then nothing is read, and the last reading stays */
  vpnIs(healthy: boolean | null): void {
    if (healthy === false) {
      this.latest = { kind: 'unasked' };
      this.options.memory.portFailure = null;
    }
    if (healthy === true && this.latest.kind === 'unasked') this.latest = { kind: 'pending' };
    if (healthy === true && !this.vpnHealthy) this.waker.abort();
    this.vpnHealthy = healthy === true;
  }

  /** Reads the port at once. A read under way does not count. */
  readNow(): void {
    this.doubtedAt = performance.now();
    this.waker.abort();
  }

  /** Reads the port at once, after a hint that it may have changed. */
  hint(): void {
    this.hintedUntil = performance.now() + REREAD_FOR_MS;
    this.waker.abort();
  }

  /**
   * An engine is lost, and the port may be changing as well: its replacement would begin on the old port. So only a
   * read that begins from now on counts, for a second at most.
   */
  doubt(): void {
    if (this.latest.kind !== 'known') return;
    this.readNow();
    // Repeated losses must not delay observations for ever.
    if (this.isDoubted) return;
    this.doubtedUntil = performance.now() + REREAD_FOR_MS;
    void pauseUntil(REREAD_FOR_MS + 1, this.options.signal).then(this.options.changed);
  }

  async run(): Promise<void> {
    const { memory, read, intervalMs, signal } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      const waker = new AbortController();
      this.waker = waker;
      if (!this.vpnHealthy) {
        failures = 0;
        await pauseUntil(Infinity, signal, waker.signal);
        continue;
      }
      const began = performance.now();
      try {
        const answer = await read(signal);
        memory.portFailure = null;
        failures = 0;
        if (began > this.doubtedAt) this.doubtedUntil = 0;
        this.reads({ kind: 'known', ...answer });
        await pauseUntil(intervalMs, signal, waker.signal);
      } catch (error) {
        if (signal.aborted) return;
        const now = performance.now();
        this.failed(error, { began, now, isFirst: failures === 0 });
        const isReread = now < Math.max(this.doubtedUntil, this.hintedUntil);
        const rereadMs = growingPause(FIRST_REREAD_AFTER_MS, REREAD_AFTER_AT_MOST_MS, failures);
        failures++;
        await pauseUntil(isReread ? rereadMs : intervalMs, signal, waker.signal);
      }
    }
  }

  private failed(error: unknown, { began, now, isFirst }: { began: number; now: number; isFirst: boolean }): void {
    const { memory, signal } = this.options;
    const failure: PortFailure = {
      since: memory.portFailure?.since ?? began,
      reason: messageOf(error),
      none: error instanceof NoPortForwarded,
      stopped: error instanceof NoPortForwarded && error.stopped,
    };
    memory.portFailure = failure;
    this.doubtedUntil = failure.since + REREAD_FOR_MS;
    const leftMs = this.doubtedUntil - now;
    if (leftMs <= 0) this.believeFailure();
    // A timer, because the next read may hang, and the old port would count again meanwhile.
    else if (isFirst) void pauseUntil(leftMs + 1, signal).then(() => this.believeFailure());
  }

  /** Takes the port for unknown once reads have failed for longer than a port change lasts. */
  private believeFailure(): void {
    const { portFailure } = this.options.memory;
    if (portFailure === null) return;
    const { since, reason, none, stopped } = portFailure;
    const forMs = Math.round(performance.now() - since);
    if (forMs >= REREAD_FOR_MS) this.reads({ kind: 'unknown', forMs, reason, none, ...(stopped ? { stopped } : {}) });
  }

  private reads(reading: PortReading): void {
    // A read that began before the VPN became unhealthy does not count.
    if (!this.vpnHealthy) return;
    this.options.onReading(reading, this.latest);
    this.latest = reading;
    this.options.changed();
  }
}

export function isAnother(reading: PortReading, before: PortReading): boolean {
  return (
    reading.kind !== before.kind ||
    (reading.kind === 'known' && before.kind === 'known' && reading.port !== before.port)
  );
}
