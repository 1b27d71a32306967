export interface Sample {
  readonly at: number;
  /** How much later than it was due; ms. */
  readonly late: number;
  /** How many times as long work took as it does on this machine at rest. */
  readonly slowness: number;
}

const KEPT_MS = 120_000;
/** What is too old is thrown away only now and then. */
const TIDIED_EVERY = 1000;
/** More than that can't be blamed on the machine. */
export const LAG_AT_MOST_MS = 1_500;
/** Of what Portward promises to do in a moment, all is work. */
const WORK_MS = 150;

/** By how much this machine makes things late, from what was measured of it. */
export class Lag {
  /** The most that anything was ever allowed to be late by; ms. */
  largest = 0;
  private readonly samples: Sample[] = [];

  keep(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length % TIDIED_EVERY !== 0) return;
    const young = this.samples.findIndex(({ at }) => at > sample.at - KEPT_MS);
    this.samples.splice(0, Math.max(0, young));
  }

  /** What a promise of that time may be late by; ms. */
  between(from: number, to: number): number {
    // What is late is told late.
    const samples = this.samples.filter(({ at, late }) => at >= from && at - late <= to);
    if (samples.length === 0) return 0;
    const late = Math.max(...samples.map((sample) => sample.late));
    const slowness = Math.max(...samples.map((sample) => sample.slowness));
    const lag = Math.min(LAG_AT_MOST_MS, late + (slowness - 1) * WORK_MS);
    this.largest = Math.max(this.largest, lag);
    return lag;
  }
}
