import type { GroundTruth } from '../ground-truth';
import type { Fact } from './facts';
import type { Limits } from './limits';

/** A broken promise. */
export interface Violation {
  /** I1 to I7 of the design, or the name of another promise, such as `streams`. */
  readonly promise: string;
  readonly at: number;
  /** What was expected and what was seen. */
  readonly what: string;
}

export interface RuleContext {
  readonly truth: GroundTruth;
  readonly limits: Limits;
  /** By how much the machine may have delayed Portward between two times; ms. */
  readonly lag: (from: number, to: number) => number;
  readonly violate: (promise: string, at: number, what: string) => void;
}

/** Checks one promise or a few: gets every fact, and remembers what it needs. */
export interface Rule {
  take(fact: Fact): void;
}
