import type { GroundTruth } from '../ground-truth';
import { CalmRule } from './calm';
import { EvictionRule } from './eviction';
import type { Fact } from './facts';
import { ForwardingRule } from './forwarding';
import { FreshnessRule } from './freshness';
import { Gaps } from './gaps';
import { KeptStreamsRule } from './kept-streams';
import type { Limits } from './limits';
import { RestartsRule } from './restarts';
import type { Rule, RuleContext, Violation } from './rule';
import { ServiceRule } from './service';
import { StreamsRule } from './streams';

/** One broken promise is often seen in each of a thousand answers. */
const SAME_AGAIN_MS = 5_000;

/** Holds all that is seen against all that was promised. */
export class Checker {
  readonly violations: Violation[] = [];
  readonly calm: CalmRule;
  readonly streams: StreamsRule;
  readonly kept: KeptStreamsRule;
  readonly gaps: Gaps;
  private readonly rules: readonly Rule[];

  constructor(truth: GroundTruth, limits: Limits, lag: RuleContext['lag']) {
    const context = {
      truth,
      limits,
      lag,
      violate: (promise: string, at: number, what: string) => this.violate({ promise, at, what }),
    };
    this.calm = new CalmRule(context);
    this.streams = new StreamsRule(context);
    this.kept = new KeptStreamsRule(context);
    this.gaps = new Gaps(context);
    this.rules = [
      new ForwardingRule(context),
      new EvictionRule(context),
      new ServiceRule(context),
      new FreshnessRule(context),
      new RestartsRule(context),
      this.calm,
      this.streams,
      this.kept,
      this.gaps,
    ];
  }

  hear(fact: Fact): void {
    for (const rule of this.rules) rule.hear(fact);
  }

  violate(violation: Violation): void {
    const alike = this.violations.findLast((v) => v.promise === violation.promise);
    if (alike && violation.at - alike.at < SAME_AGAIN_MS) return;
    this.violations.push(violation);
  }
}
