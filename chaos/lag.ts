export interface Sample {
  readonly at: number;
  /** How much later than planned it was taken; ms. */
  readonly late: number;
  /** How many times longer the work took than on this machine at rest. */
  readonly slowness: number;
}

const KEPT_MS = 120_000;
/** Old samples are dropped each time so many new ones have come. */
const TIDIED_EVERY = 1000;
/** The machine excuses no more than this. */
export const LAG_AT_MOST_MS = 1_500;
/** How much CPU time Portward needs for a promise that has no other wait in it. */
const WORK_MS = 150;

/** Computes from the samples by how much this machine delays Portward. */
export class Lag {
  /** The greatest lag that `between` has ever returned; ms. */
  largest = 0;
  private readonly samples: Sample[] = [];

  keep(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length % TIDIED_EVERY !== 0) return;
    const young = this.samples.findIndex(({ at }) => at > sample.at - KEPT_MS);
    this.samples.splice(0, Math.max(0, young));
  }

  /** How late a promise of that time may be kept; ms. */
  between(from: number, to: number): number {
    // A late sample is recorded late: it may belong to the time although its `at` is after it.
    const samples = this.samples.filter(({ at, late }) => at >= from && at - late <= to);
    if (samples.length === 0) return 0;
    const late = Math.max(...samples.map((sample) => sample.late));
    const slowness = Math.max(...samples.map((sample) => sample.slowness));
    const lag = Math.min(LAG_AT_MOST_MS, late + (slowness - 1) * WORK_MS);
    this.largest = Math.max(this.largest, lag);
    return lag;
  }
}
