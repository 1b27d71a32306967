import { textTable } from '../simulator/text-table';
import type { Checker } from './checker/checker';
import { EXCUSES, type Excuse } from './checker/streams';
import { FAULT_KINDS, type Fault, type FaultKind } from './faults';
import type { Fired } from './injector';

interface Count {
  planned: number;
  done: number;
  hindered: number;
  failed: number;
}

/** With so many tries, other faults can't have prevented a kind of fault each time. */
const TRIES_ENOUGH = 4;
const OF_DOCKER: readonly FaultKind[] = ['docker-restart', 'docker-kill'];

/** The totals of a run over all its sites. */
export class Tally {
  schedules = 0;
  violations = 0;
  answers = 0;
  streams = 0;
  failed = 0;
  reported = 0;
  cutOff = 0;
  longestGap: { readonly ms: number; readonly text: string } = { ms: 0, text: 'none' };
  longestSettle = { ms: 0, seed: 0 };
  largestLagMs = 0;
  /** Why a site was lost, by the seed of its schedule. That schedule is played again on another site. */
  readonly lostSites = new Map<number, string>();
  readonly calm: number[] = [];
  private readonly counts = new Map<FaultKind, Count>();
  private readonly excused = new Map<Excuse, number>();
  private readonly notDone: string[] = [];
  private readonly replacements = new Set<string>();

  addFaults(planned: readonly Fault[], fired: readonly Pick<Fired, 'fault' | 'done' | 'hindered' | 'outcome'>[]): void {
    for (const { kind } of planned) this.countOf(kind).planned++;
    for (const { fault, done, hindered, outcome } of fired) {
      const count = this.countOf(fault.kind);
      if (done) count.done++;
      else if (hindered) count.hindered++;
      else count.failed++;
      if (!done) this.notDone.push(`${hindered ? 'not possible' : 'failed'}: ${fault.kind}: ${outcome}`);
    }
  }

  /**
   * The kinds of fault that were planned and never happened, each in one line: the run has tested nothing about them. A kind with
   * few tries is left out if other faults prevented it.
   */
  neverFired({ privateDocker }: { readonly privateDocker: boolean }): string[] {
    return FAULT_KINDS.flatMap((kind) => {
      const { planned, done, hindered } = this.countOf(kind);
      if (planned === 0 || done > 0 || (!privateDocker && OF_DOCKER.includes(kind))) return [];
      if (hindered > 0 && planned < TRIES_ENOUGH) return [];
      return [`${kind} was planned ${planned} times and never fired`];
    });
  }

  private countOf(kind: FaultKind): Count {
    const count = this.counts.get(kind) ?? { planned: 0, done: 0, hindered: 0, failed: 0 };
    this.counts.set(kind, count);
    return count;
  }

  addReplacements(ids: readonly string[]): void {
    for (const id of ids) this.replacements.add(id);
  }

  /** Adds the results of a site that is being closed. */
  addChecker(checker: Checker): void {
    this.calm.push(...checker.calm.latencies);
    this.failed += checker.streams.failed;
    this.reported += checker.kept.reported;
    this.cutOff += checker.kept.cutOff;
    for (const [excuse, count] of checker.streams.excused)
      this.excused.set(excuse, (this.excused.get(excuse) ?? 0) + count);
  }

  lines(): string[] {
    const kinds = FAULT_KINDS.flatMap((kind) => {
      const { planned, done, hindered, failed } = this.countOf(kind);
      return planned > 0 ? [[kind, done, hindered, failed] as const] : [];
    });
    const calm = this.calm.toSorted((a, b) => a - b);
    const median = calm[Math.floor(calm.length / 2)] ?? 0;
    const rows: [string, string][] = [
      ['schedules', String(this.schedules)],
      ['replacements', String(this.replacements.size)],
      ['longest time without a forwarded engine on a VPN in order', this.longestGap.text],
      ['longest time to settle', `${seconds(this.longestSettle.ms)} (seed ${this.longestSettle.seed})`],
      [
        "the calm VPN's changes, until the old port is hidden",
        `${calm.length}, median ${seconds(median)}, longest ${seconds(calm.at(-1) ?? 0)}`,
      ],
      ['most time that was allowed because the machine was slow', seconds(this.largestLagMs)],
      ['answers of /engines checked', String(this.answers)],
      ['streams that viewers asked for', String(this.streams)],
      ['… failed', String(this.failed)],
      ...EXCUSES.map((excuse): [string, string] => [`… lost because ${excuse}`, String(this.excused.get(excuse) ?? 0)]),
      ['streams that proxies reported', String(this.reported)],
      ['… cut off with an engine that had to be stopped', String(this.cutOff)],
      ['sites given up because Docker did not come back after a kill', String(this.lostSites.size)],
      ['violations', String(this.violations)],
    ];
    return [
      ...textTable(['fault', 'fired', 'not possible', 'failed'], kinds),
      ...this.notDone.map((text) => `  ${text}`),
      '',
      ...textTable(['what', 'result'], rows),
    ];
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
