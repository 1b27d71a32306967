import type { ContainerId, Instant } from '../../domain/engine';
import { label } from '../../domain/names';
import type { Busy, Sight } from '../../domain/vpn/observation';

/**
 * The engines that replacements are making. How that goes is theirs to report, and that one answers is no news. An observe
 * goes on when it does, so what becomes of it afterwards is: an engine whose run has ended, or that answers no more.
 */
export class MadeEngines {
  /** Those that were seen to run, and in which run of theirs. */
  private readonly seen = new Map<ContainerId, { readonly startedAt: Instant | null }>();
  private hasLost = false;

  constructor(private readonly busy: Pick<Busy, 'replacements'>) {}

  /** @returns whether one is lost, in this look or in one before */
  follow({ engines, found }: Sight): boolean {
    const made = new Set(
      found.filter((e) => this.busy.replacements.includes(e.labels[label.replacement] ?? '')).map((e) => e.id),
    );
    const now = new Map(engines.map((e) => [e.id, e]));
    for (const [id, { startedAt }] of this.seen) {
      const engine = now.get(id);
      if (!engine?.running || engine.startedAt !== startedAt) this.hasLost = true;
    }
    for (const { id, running, startedAt, health } of engines) {
      if (!made.has(id) || !running) continue;
      this.seen.set(id, { startedAt });
      if (health === 'unhealthy') this.hasLost = true;
    }
    return this.hasLost;
  }
}
