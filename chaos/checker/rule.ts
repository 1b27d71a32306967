import type { GroundTruth } from '../ground-truth';
import type { Fact } from './facts';
import type { Limits } from './limits';

/** Something that must never be. */
export interface Violation {
  /** The promise, as in the design: I1 to I7, or what else is looked at. */
  readonly promise: string;
  readonly at: number;
  /** What was expected and what was seen. */
  readonly what: string;
}

export interface RuleContext {
  readonly truth: GroundTruth;
  readonly limits: Limits;
  /** By how much the machine may have made things late between two times; ms. */
  readonly lag: (from: number, to: number) => number;
  readonly violate: (promise: string, at: number, what: string) => void;
}

/** Watches over one promise: is told every fact, remembers what it needs. */
export interface Rule {
  hear(fact: Fact): void;
}
