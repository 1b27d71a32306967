import { isHealthy } from '../../domain/vpn/observation';
import type { Instant } from '../../domain/engine';
import { whyUnreachable, type WhyUnreachable } from '../../clients/docker/docker-error';
import { pauseUntil } from '../../lib/pause';
import type { DockerSnapshot } from './snapshot';
import type { VpnMemory } from '../observe/vpn-memory';

/** Docker was unreachable at this time. */
export interface NoSnapshot extends WhyUnreachable {
  readonly at: Instant;
}

export interface DockerWatchOptions {
  /** Takes a snapshot. `doubt`: the VPN's container has to be read from Docker again. */
  readonly snapshot: (doubt: boolean) => Promise<DockerSnapshot>;
  readonly memory: Pick<VpnMemory, 'crashLoop' | 'doubt'>;
  readonly intervalMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Called with each snapshot before that becomes `latest`. */
  readonly taken: (snapshot: DockerSnapshot, before: DockerSnapshot | NoSnapshot | null) => Promise<void> | void;
  /** Called after `latest` has changed. */
  readonly changed: () => void;
}

/** Longest pause between two snapshots while the VPN is in doubt. */
const DOUBTED_INTERVAL_MS = 500;
/** After so many broken connections in a row Docker counts as unreachable. */
const BREAKS_THAT_COUNT = 5;
const AFTER_BREAK_MS = 100;

/** Takes snapshots of a VPN and its engines through Docker, whenever something has happened to them, or may have. */
export class DockerWatch {
  latest: DockerSnapshot | NoSnapshot | null = null;
  private waker = new AbortController();

  constructor(private readonly options: DockerWatchOptions) {}

  /** The last snapshot; null while Docker is unreachable. */
  get snapshot(): DockerSnapshot | null {
    return this.latest !== null && 'engines' in this.latest ? this.latest : null;
  }

  get vpnIsHealthy(): boolean {
    return this.snapshot !== null && isHealthy(this.snapshot.vpn);
  }

  /** Asks Docker now. */
  wake(): void {
    this.waker.abort();
  }

  async run(): Promise<void> {
    const { memory, snapshot, intervalMs, signal, taken, changed } = this.options;
    let breaks = 0;
    while (!signal.aborted) {
      this.waker = new AbortController();
      try {
        const seen = await snapshot(memory.doubt.isOpen(performance.now()));
        const restarts = seen.details?.RestartCount ?? 0;
        const steady = { ...seen, vpn: memory.crashLoop.steady(seen.vpn, restarts, performance.now()) };
        memory.doubt.snapshotTaken(steady.vpn, seen.monotonicAt);
        await taken(steady, this.latest);
        this.latest = steady;
        breaks = 0;
      } catch (error) {
        const why = whyUnreachable(error);
        // Connections break when Docker ends. The next connection works, or its error says what is wrong. It may
        // break as well, if it is one that was kept open.
        breaks = why.cause === 'broken' ? breaks + 1 : 0;
        if (breaks > 0 && breaks < BREAKS_THAT_COUNT) {
          await pauseUntil(AFTER_BREAK_MS, signal);
          continue;
        }
        this.latest = { at: Date.now(), ...why };
      }
      changed();
      await pauseUntil(this.pauseMs(intervalMs), signal, this.waker.signal);
    }
  }

  /** How long to wait; Infinity while events tell everything. */
  private pauseMs(intervalMs: number): number {
    if (this.options.memory.doubt.isOpen(performance.now())) return Math.min(DOUBTED_INTERVAL_MS, intervalMs);
    // No event tells that Docker is back, or that an image has been pulled.
    return this.snapshot?.imagePresent === true ? Infinity : intervalMs;
  }
}
