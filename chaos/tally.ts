import { textTable } from '../simulator/text-table';
import type { Checker } from './checker/checker';
import { EXCUSES, type Excuse } from './checker/streams';
import { FAULT_KINDS, type FaultKind } from './faults';
import type { Fired } from './injector';

/** What a run comes to, over all its sites. */
export class Tally {
  schedules = 0;
  violations = 0;
  answers = 0;
  streams = 0;
  failed = 0;
  longestGap: { readonly ms: number; readonly text: string } = { ms: 0, text: 'none' };
  longestSettle = { ms: 0, seed: 0 };
  largestLagMs = 0;
  /** Why, by the seed of the schedule, which is played again on another one. */
  readonly lostSites = new Map<number, string>();
  readonly calm: number[] = [];
  private readonly fired = new Map<FaultKind, { done: number; impossible: number }>();
  private readonly excused = new Map<Excuse, number>();
  private readonly notPossible: string[] = [];
  private readonly replacements = new Set<string>();

  addFaults(fired: readonly Fired[]): void {
    for (const { fault, done, outcome } of fired) {
      if (!done) this.notPossible.push(`${fault.kind}: ${outcome}`);
      const count = this.fired.get(fault.kind) ?? { done: 0, impossible: 0 };
      if (done) count.done++;
      else count.impossible++;
      this.fired.set(fault.kind, count);
    }
  }

  addReplacements(ids: readonly string[]): void {
    for (const id of ids) this.replacements.add(id);
  }

  /** When a site is closed. */
  addChecker(checker: Checker): void {
    this.calm.push(...checker.calm.latencies);
    this.failed += checker.streams.failed;
    for (const [excuse, count] of checker.streams.excused)
      this.excused.set(excuse, (this.excused.get(excuse) ?? 0) + count);
  }

  lines(): string[] {
    const kinds = FAULT_KINDS.flatMap((kind) => {
      const count = this.fired.get(kind);
      return count ? [[kind, count.done, count.impossible] as const] : [];
    });
    const calm = this.calm.toSorted((a, b) => a - b);
    const median = calm[Math.floor(calm.length / 2)] ?? 0;
    const rows: [string, string][] = [
      ['schedules', String(this.schedules)],
      ['replacements', String(this.replacements.size)],
      ['longest time without a forwarded engine, its VPN in order', this.longestGap.text],
      ['longest time to settle', `${seconds(this.longestSettle.ms)} (seed ${this.longestSettle.seed})`],
      [
        "the calm VPN's changes, until the old port is hidden",
        `${calm.length}, median ${seconds(median)}, longest ${seconds(calm.at(-1) ?? 0)}`,
      ],
      ['the most that was allowed for a machine that was late', seconds(this.largestLagMs)],
      ['answers of /engines that were checked', String(this.answers)],
      ['streams that the proxy was asked for', String(this.streams)],
      ['… failed', String(this.failed)],
      ...EXCUSES.map((excuse): [string, string] => [`… lost because ${excuse}`, String(this.excused.get(excuse) ?? 0)]),
      ['sites that were lost to a Docker that did not come back', String(this.lostSites.size)],
      ['violations', String(this.violations)],
    ];
    return [
      ...textTable(['fault', 'fired', 'not possible then'], kinds),
      ...this.notPossible.map((text) => `  not possible: ${text}`),
      '',
      ...textTable(['what', 'result'], rows),
    ];
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
