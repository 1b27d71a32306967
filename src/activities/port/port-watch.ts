import type { PortRead, PortReading } from '../../domain/vpn/observation';
import { NoPortForwarded } from '../../clients/gluetun/client';
import { pauseUntil } from '../../lib/pause';
import { messageOf } from '../../lib/errors';

/** A port change passes through 0 for 20–200 ms: read again at once before saying that the port is unknown. */
const REREAD_FOR_MS = 1_000;
const FIRST_REREAD_AFTER_MS = 20;
/** The pauses between them double up to this. */
const REREAD_AFTER_AT_MOST_MS = 200;

/** Reads fail. */
export interface PortFailure {
  /** When the first of them began, on the clock that nobody sets. */
  readonly since: number;
  /** What the last one said. */
  readonly reason: string;
  readonly none: boolean;
  /** There is none because the VPN is stopped inside its container. */
  readonly stopped: boolean;
}

export interface PortWatchOptions {
  /** Kept from one watch of the VPN to the next, which comes with each action: the next one goes on counting. */
  readonly memory: { portFailure: PortFailure | null };
  /** Rejects with why there is no port to be had. */
  readonly read: (signal: AbortSignal) => Promise<PortRead>;
  readonly intervalMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly heard: (reading: PortReading, before: PortReading) => void;
  /** `reading` or `isDoubted` may be another than before. */
  readonly changed: () => void;
}

/** Reads a VPN's port again and again for as long as the VPN is healthy, and says whether the last reading may be believed. */
export class PortWatch {
  private latest: PortReading = { kind: 'pending' };
  private vpnHealthy = false;
  /** On monotonic time, as are the next two. */
  private doubtedUntil = 0;
  /** What was asked for before says nothing. */
  private doubtedAt = -Infinity;
  /** The new port may come later than the hint of it, and until then reads that fail are made again soon. */
  private hintedUntil = -Infinity;
  /** Aborted by what asks for another read: one under way may be from before that. */
  private poke = new AbortController();

  constructor(private readonly options: PortWatchOptions) {}

  get reading(): PortReading {
    return this.latest;
  }

  /** It is being read again, and may be another one in a moment. */
  get isDoubted(): boolean {
    return (
      performance.now() < this.doubtedUntil ||
      (this.options.memory.portFailure !== null && this.latest.kind === 'known')
    );
  }

  /** @param healthy null: that can't be seen; nothing is read then, and what was read stays */
  vpnIs(healthy: boolean | null): void {
    if (healthy === false) {
      this.latest = { kind: 'unasked' };
      this.options.memory.portFailure = null;
    }
    if (healthy === true && this.latest.kind === 'unasked') this.latest = { kind: 'pending' };
    if (healthy === true && !this.vpnHealthy) this.poke.abort();
    this.vpnHealthy = healthy === true;
  }

  /** It is read at once, and a read that is under way does not count. */
  readNow(): void {
    this.doubtedAt = performance.now();
    this.poke.abort();
  }

  /** Somebody says that it may be another one: it is read at once. */
  hint(): void {
    this.hintedUntil = performance.now() + REREAD_FOR_MS;
    this.poke.abort();
  }

  /**
   * An engine that is lost while its port goes would be replaced on the port of before, so only a read that begins from now
   * on counts. A control server that does not answer holds nothing up for long.
   */
  doubt(): void {
    if (this.latest.kind !== 'known') return;
    this.readNow();
    // Loss after loss must not hold back what is seen for ever.
    if (this.isDoubted) return;
    this.doubtedUntil = performance.now() + REREAD_FOR_MS;
    void pauseUntil(REREAD_FOR_MS + 1, this.options.signal).then(this.options.changed);
  }

  async run(): Promise<void> {
    const { memory, read, intervalMs, signal } = this.options;
    let failures = 0;
    while (!signal.aborted) {
      const poke = new AbortController();
      this.poke = poke;
      if (!this.vpnHealthy) {
        failures = 0;
        await pauseUntil(Infinity, signal, poke.signal);
        continue;
      }
      const began = performance.now();
      try {
        const answer = await read(signal);
        memory.portFailure = null;
        failures = 0;
        if (began > this.doubtedAt) this.doubtedUntil = 0;
        this.reads({ kind: 'known', ...answer });
        await pauseUntil(intervalMs, signal, poke.signal);
      } catch (error) {
        if (signal.aborted) return;
        const now = performance.now();
        this.failed(error, { began, now, isFirst: failures === 0 });
        const isReread = now < Math.max(this.doubtedUntil, this.hintedUntil);
        const rereadMs = Math.min(FIRST_REREAD_AFTER_MS * 2 ** failures, REREAD_AFTER_AT_MOST_MS);
        failures++;
        await pauseUntil(isReread ? rereadMs : intervalMs, signal, poke.signal);
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
    // Not left to the next read, which may hang: the port of before would be believed again meanwhile.
    else if (isFirst) void pauseUntil(leftMs + 1, signal).then(() => this.believeFailure());
  }

  /** Once reads have failed for so long that it is no change of the port that goes on. */
  private believeFailure(): void {
    const { portFailure } = this.options.memory;
    if (portFailure === null) return;
    const { since, reason, none, stopped } = portFailure;
    const forMs = Math.round(performance.now() - since);
    if (forMs >= REREAD_FOR_MS) this.reads({ kind: 'unknown', forMs, reason, none, ...(stopped ? { stopped } : {}) });
  }

  private reads(reading: PortReading): void {
    // A read that began before the VPN's health was lost says nothing any more.
    if (!this.vpnHealthy) return;
    this.options.heard(reading, this.latest);
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
