import { isHealthy } from '../domain/observation';
import type { Instant } from '../domain/engine';
import { whyBlind, type WhyBlind } from '../docker/docker-error';
import type { ContainerEvent } from '../docker/docker-events';
import { pauseUntil } from '../pause';
import type { DockerLook, DockerLooker } from './docker-look';
import type { VpnMemory } from './vpn-memory';

export interface Unseen extends WhyBlind {
  readonly at: Instant;
}

export interface DockerWatchOptions {
  readonly vpn: string;
  readonly looker: DockerLooker;
  readonly memory: VpnMemory;
  readonly intervalMs: number;
  /** Docker's events do not come. */
  readonly eventsAreMissing: () => boolean;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Before a look counts. */
  readonly looked: (look: DockerLook, before: DockerLook | Unseen | null) => Promise<void> | void;
  /** `latest` is another one. */
  readonly changed: () => void;
}

/** How often Docker is asked while the VPN is in doubt, at most. */
const DOUBTED_INTERVAL_MS = 500;
/** How often while no event tells what happens, at least. */
const UNTOLD_INTERVAL_MS = 2_000;
/** So many connections in a row have to break before that is all that is known of Docker. */
const BREAKS_THAT_COUNT = 5;
const AFTER_BREAK_MS = 100;

/** Looks at a VPN and its engines through Docker, again and again, and at once when an event or a doubt asks for it. */
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

  /** @param event null: events may have been missed @returns whether it speaks against the VPN */
  heard(event: ContainerEvent | null): boolean {
    const { vpn, looker, memory } = this.options;
    const isOfVpn = event?.attributes['name'] === vpn;
    if (event !== null && !isOfVpn && event.attributes['acestream.vpn_container'] !== vpn) return false;
    looker.forget(event?.id ?? null);
    this.lookNow();
    if (event !== null && isOfVpn) return memory.doubt.heard(event, performance.now());
    if (event?.action === 'kill') memory.health.doubt(event.id, performance.now());
    return false;
  }

  async run(): Promise<void> {
    const { memory, looker, intervalMs, signal, looked, changed, eventsAreMissing } = this.options;
    let breaks = 0;
    while (!signal.aborted) {
      this.poke = new AbortController();
      const began = performance.now();
      if (eventsAreMissing()) looker.forget(null);
      try {
        const seen = await looker.look();
        const restarts = seen.details?.RestartCount ?? 0;
        const look = { ...seen, vpn: memory.crashLoop.steady(seen.vpn, restarts, performance.now()) };
        memory.doubt.looked(look.vpn, began);
        await looked(look, this.latest);
        this.latest = look;
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
      const isDoubted = memory.doubt.isOpen(performance.now());
      const mostMs = isDoubted ? DOUBTED_INTERVAL_MS : eventsAreMissing() ? UNTOLD_INTERVAL_MS : Infinity;
      await pauseUntil(Math.min(mostMs, intervalMs), signal, this.poke.signal);
    }
  }
}
