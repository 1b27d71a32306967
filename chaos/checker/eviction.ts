import type { Answer, Fact } from './facts';
import { ANSWER_AGE_MS, COMING_BACK_MS, ECHO_MS, RESOLUTION_MS, TASK_COMING_BACK_MS } from './limits';
import type { Rule, RuleContext } from './rule';

/**
 * I1: an evicted engine is not listed again. I2: an engine has been off the list for the whole grace before its
 * container is stopped.
 */
export class EvictionRule implements Rule {
  private readonly evictedAt = new Map<string, number>();
  /** By engine: when the latest request was sent whose answer lists it. */
  private readonly listedAt = new Map<string, number>();
  private readonly freshlyListedAt = new Map<string, number>();
  private readonly stopped = new Set<string>();

  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    if (fact.kind === 'answer' && fact.outcome === 'list') {
      if (this.isFromFileWithoutTemporal(fact)) return;
      for (const { id, name } of fact.engines) {
        this.listedAt.set(id, fact.sentAt);
        if (fact.staleSeconds !== null) continue;
        this.freshlyListedAt.set(id, fact.sentAt);
        this.checkShown(id, name, fact.at);
      }
    } else if (fact.kind === 'eviction mark') {
      this.evictedAt.set(fact.id, fact.at);
      this.checkShown(fact.id, fact.name, fact.at);
    } else if (fact.kind === 'container event' && fact.is === 'engine') {
      if (fact.action === 'kill' && !this.stopped.has(fact.id)) this.checkStop(fact.id, fact.name, fact.at);
      if (fact.action === 'destroy') this.forget(fact.id);
    }
  }

  /**
   * An API process that starts while Temporal is away serves the stale list in its file. If an engine was evicted just before
   * Temporal went away, and the former API process was killed before it knew that, no process can know it.
   */
  private isFromFileWithoutTemporal({ sentAt, staleSeconds }: Answer & { readonly outcome: 'list' }): boolean {
    const { truth } = this.context;
    return (
      staleSeconds !== null &&
      truth.was('api', null, sentAt - COMING_BACK_MS, sentAt) &&
      truth.was('temporal', null, sentAt - TASK_COMING_BACK_MS, sentAt)
    );
  }

  private checkShown(id: string, name: string, at: number): void {
    const evictedAt = this.evictedAt.get(id) ?? Infinity;
    const shownAt = this.freshlyListedAt.get(id) ?? 0;
    if (shownAt <= evictedAt + ANSWER_AGE_MS) return;
    this.context.violate(
      'I1',
      at,
      `${name} is listed ${Math.round(shownAt - evictedAt)} ms after its restart policy became "no"`,
    );
    this.evictedAt.delete(id);
  }

  private checkStop(id: string, name: string, at: number): void {
    const { truth, limits } = this.context;
    this.stopped.add(id);
    if (truth.was('engine', id, at - ECHO_MS, at) || truth.was('docker', null, at - ECHO_MS, at)) return;
    const listedAt = this.listedAt.get(id);
    const least = limits.evictionGraceMs - ANSWER_AGE_MS - RESOLUTION_MS;
    if (listedAt === undefined || at - listedAt >= least) return;
    this.context.violate(
      'I2',
      at,
      `${name} is stopped ${Math.round(at - listedAt)} ms after it was listed; expected ${least} ms`,
    );
  }

  private forget(id: string): void {
    for (const map of [this.evictedAt, this.listedAt, this.freshlyListedAt]) map.delete(id);
    this.stopped.delete(id);
  }
}
