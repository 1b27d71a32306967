import { asError } from '../../lib/errors';
interface Lane {
  readonly atOnce: number;
  taken: number;
  readonly waiting: (() => void)[];
}

/**
 * Limits how much work runs at once; the rest waits, in order. Each lane has a limit of its own, and no work begins
 * while other work waits in an earlier lane.
 */
export class Turns<Name extends string> {
  private readonly lanes: ReadonlyMap<Name, Lane>;

  /** @param atOnce the limit of each lane, the most urgent lane first */
  constructor(atOnce: readonly (readonly [Name, number])[]) {
    this.lanes = new Map(atOnce.map(([name, limit]) => [name, { atOnce: limit, taken: 0, waiting: [] }]));
  }

  /** @throws the signal's reason when it is aborted before the turn has come */
  async run<T>(name: Name, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(name);
    if (!lane) throw new RangeError(`expected one of ${[...this.lanes.keys()].join(', ')}, found '${name}'`);
    await this.waitForTurn(lane, signal);
    try {
      return await work();
    } finally {
      lane.taken--;
      this.next();
    }
  }

  private async waitForTurn(lane: Lane, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        lane.waiting.splice(lane.waiting.indexOf(turn), 1);
        // Work in later lanes may have waited for this one.
        this.next();
        reject(asError(signal.reason));
      };
      lane.waiting.push(turn);
      signal.addEventListener('abort', leave, { once: true });
      this.next();
    });
  }

  private next(): void {
    for (const lane of this.lanes.values()) {
      while (lane.taken < lane.atOnce) {
        const turn = lane.waiting.shift();
        if (!turn) break;
        lane.taken++;
        turn();
      }
      if (lane.waiting.length > 0) return;
    }
  }
}
