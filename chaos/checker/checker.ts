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

/** Violations of one promise within this time count once: thousands of answers may show the same one. */
const SAME_AGAIN_MS = 5_000;

/** Passes every fact to every rule, and collects the violations. */
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

  take(fact: Fact): void {
    for (const rule of this.rules) rule.take(fact);
  }

  violate(violation: Violation): void {
    const alike = this.violations.findLast((v) => v.promise === violation.promise);
    if (alike && violation.at - alike.at < SAME_AGAIN_MS) return;
    this.violations.push(violation);
  }
}
