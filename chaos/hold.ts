/** How long everything has to be well: a single good result may be an instant between two bad ones; ms. */
export const HOLD_MS = 3_000;

/** Finds since when every result has been good. */
export class Hold {
  private since: number | null = null;

  /** Returns when the good results began, once they have held for HOLD_MS; else null. */
  look(good: boolean, at: number): number | null {
    this.since = good ? (this.since ?? at) : null;
    return this.since !== null && at - this.since >= HOLD_MS ? this.since : null;
  }
}
