import type { TroubleKind } from '../ground-truth';
import type { Answer, Fact } from './facts';
import { COMING_BACK_MS, STALE_MOMENT_MS, TASK_COMING_BACK_MS } from './limits';
import type { Rule, RuleContext } from './rule';

const PROGRAM: readonly TroubleKind[] = ['worker', 'api', 'temporal', 'docker'];

/** The API gives a fresh list, unless a process of Portward, Temporal or Docker is away or has only just come back. */
export class FreshnessRule implements Rule {
  /** When the request for the latest fresh list was sent; before there is one, when the first request of all was. */
  private freshAt: number | null = null;

  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    if (fact.kind !== 'answer') return;
    const { sentAt, outcome } = fact;
    const freshAt = this.freshAt ?? sentAt;
    this.freshAt = outcome === 'list' && fact.staleSeconds === null ? Math.max(freshAt, sentAt) : freshAt;
    if (outcome === 'unavailable') this.judge(fact, `503 to GET /engines: ${fact.detail}`);
    if (outcome === 'list' && fact.staleSeconds !== null) {
      const most = STALE_MOMENT_MS + this.context.lag(freshAt, fact.at);
      const ms = sentAt - freshAt;
      if (ms > most)
        this.judge(fact, `every list for ${ms} ms was marked stale; expected ${Math.round(most)} ms at most`);
    }
  }

  private judge({ sentAt, at }: Answer, what: string): void {
    const { truth, lag } = this.context;
    const isExcused = PROGRAM.some((kind) => {
      const from = sentAt - (kind === 'worker' || kind === 'temporal' ? TASK_COMING_BACK_MS : COMING_BACK_MS);
      return truth.was(kind, null, from - lag(from, at), at);
    });
    if (isExcused) return;
    this.context.violate('API', at, `${what}, and nothing was away`);
  }
}
