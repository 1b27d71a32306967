import { isHealthy } from '../../domain/vpn/observation';
import type { Instant } from '../../domain/engine';
import { whyBlind, type WhyBlind } from '../../clients/docker/docker-error';
import { pauseUntil } from '../../lib/pause';
import type { DockerLook } from './look';
import type { VpnMemory } from '../observe/vpn-memory';

export interface Unseen extends WhyBlind {
  readonly at: Instant;
}

export interface DockerWatchOptions {
  /** Asks Docker for what is uncertain; `doubt` says that the VPN's container is. */
  readonly look: (doubt: boolean) => Promise<DockerLook>;
  readonly memory: Pick<VpnMemory, 'crashLoop' | 'doubt'>;
  readonly intervalMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Before a look counts. */
  readonly looked: (look: DockerLook, before: DockerLook | Unseen | null) => Promise<void> | void;
  /** `latest` is another one. */
  readonly changed: () => void;
}

/** How often Docker is asked while the VPN is in doubt, at most. */
const DOUBTED_INTERVAL_MS = 500;
/** So many connections in a row have to break before that is all that is known of Docker. */
const BREAKS_THAT_COUNT = 5;
const AFTER_BREAK_MS = 100;

/** Looks at a VPN and its engines through Docker whenever something has happened to them, or may have. */
export class DockerWatch {
  latest: DockerLook | Unseen | null = null;
  private poke = new AbortController();

  constructor(private readonly options: DockerWatchOptions) {}

  /** The last look, unless Docker can't be asked now. */
  get look(): DockerLook | null {
    return this.latest !== null && 'engines' in this.latest ? this.latest : null;
  }

  get vpnIsHealthy(): boolean {
    return this.look !== null && isHealthy(this.look.vpn);
  }

  lookNow(): void {
    this.poke.abort();
  }

  async run(): Promise<void> {
    const { memory, look, intervalMs, signal, looked, changed } = this.options;
    let breaks = 0;
    while (!signal.aborted) {
      this.poke = new AbortController();
      try {
        const seen = await look(memory.doubt.isOpen(performance.now()));
        const restarts = seen.details?.RestartCount ?? 0;
        const steady = { ...seen, vpn: memory.crashLoop.steady(seen.vpn, restarts, performance.now()) };
        memory.doubt.looked(steady.vpn, seen.asked);
        await looked(steady, this.latest);
        this.latest = steady;
        breaks = 0;
      } catch (error) {
        const why = whyBlind(error);
        // As when Docker ends: the next connection says what is wrong, or that nothing is. Connections that are kept open
        // break with it, and the next question may still take one of those.
        breaks = why.cause === 'broken' ? breaks + 1 : 0;
        if (breaks > 0 && breaks < BREAKS_THAT_COUNT) {
          await pauseUntil(AFTER_BREAK_MS, signal);
          continue;
        }
        this.latest = { at: Date.now(), ...why };
      }
      changed();
      await pauseUntil(this.pauseMs(intervalMs), signal, this.poke.signal);
    }
  }

  /** Until somebody says that something has happened, unless that is no matter of events. */
  private pauseMs(intervalMs: number): number {
    if (this.options.memory.doubt.isOpen(performance.now())) return Math.min(DOUBTED_INTERVAL_MS, intervalMs);
    // Nobody tells that Docker is back, nor that an image has come.
    return this.look?.imagePresent === true ? Infinity : intervalMs;
  }
}
