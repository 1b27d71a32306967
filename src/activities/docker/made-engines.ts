import type { ContainerId, Instant } from '../../domain/engine';
import { label } from '../../domain/names';
import type { Snapshot } from '../../domain/vpn/observation';
import type { Busy } from '../../domain/vpn/reported';

/**
 * Follows the engines that replacements bring up. Their start-up is reported by the replacement, so it does not end
 * an observation. Their loss does: the engine's run has ended, or the engine no longer answers.
 */
export class MadeEngines {
  /** Engines that were seen running, and when that run began. */
  private readonly seen = new Map<ContainerId, { readonly startedAt: Instant | null }>();
  private hasLost = false;

  constructor(private readonly busy: Pick<Busy, 'replacements'>) {}

  /** @returns whether an engine is lost, in this snapshot or in an earlier one */
  follow({ engines, found }: Snapshot): boolean {
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
