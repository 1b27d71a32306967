/** One good look may be an instant between two bad ones: everything has to be as it is to be for this long; ms. */
export const HOLD_MS = 3_000;

/** Since when every look has been a good one. */
export class Hold {
  private since: number | null = null;

  /** Returns when the good looks began, once they have held; else null. */
  look(good: boolean, at: number): number | null {
    this.since = good ? (this.since ?? at) : null;
    return this.since !== null && at - this.since >= HOLD_MS ? this.since : null;
  }
}
