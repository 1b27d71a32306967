import { setMaxListeners } from 'node:events';
import type { ActivityInterceptorsFactory, Worker } from '@temporalio/worker';
import { workerStopping } from '../activities/worker-stopping';
import { pauseUntil } from '../lib/pause';

/** What an activity's end leads to in workflows is done by then, their shortest timers (300 ms) included. */
const QUIET_MS = 500;
/** Of many VPNs the last ones go without it: their histories are as long as they are. */
const TELL_WITHIN_MS = 1_500;
/** Some activity may take long, and on a busy machine many tasks do. */
const AT_MOST_MS = 4_000;
const LOOK_EVERY_MS = 20;

/**
 * How a worker stops. It breaks off its polls then, and a workflow task that Temporal gives to one of them in that moment is lost
 * until its time-out (https://github.com/temporalio/sdk-rust/issues/1080). So first there are to be no more tasks: no further
 * activity is begun, and when those that act have come to their end, workflows have nothing to do.
 */
export class HandOver {
  private isStopping = false;
  private readonly leave = new AbortController();
  private lastEndedAt = 0;

  constructor() {
    // Every activity of every VPN may wait for it.
    setMaxListeners(0, this.leave.signal);
  }

  /** Aborted when it is time for activities that wait to leave their place to another worker. */
  get leaving(): AbortSignal {
    return this.leave.signal;
  }

  /** Holds what would begin now, for another worker. */
  readonly interceptor: ActivityInterceptorsFactory = () => ({
    inbound: {
      execute: async (input, next) => {
        if (this.isStopping) {
          await pauseUntil(AT_MOST_MS, this.leaving);
          throw workerStopping();
        }
        try {
          return await next(input);
        } finally {
          this.lastEndedAt = performance.now();
        }
      },
    },
  });

  /** Returns when the worker has been told to shut down. @param tell lets the workflows know, as long as they may begin something */
  async stop(worker: Worker | null, tell: (giveUp: AbortSignal) => Promise<void>): Promise<void> {
    this.isStopping = true;
    if (worker?.getState() === 'RUNNING') {
      await tell(AbortSignal.timeout(TELL_WITHIN_MS));
      await this.untilQuiet(worker);
    }
    this.leave.abort();
    if (worker?.getState() === 'RUNNING') worker.shutdown();
  }

  private async untilQuiet(worker: Worker): Promise<void> {
    const began = performance.now();
    let quietSince = began;
    for (let now = began; now - quietSince < QUIET_MS && now - began < AT_MOST_MS; now = performance.now()) {
      await pauseUntil(LOOK_EVERY_MS);
      if (worker.getStatus().numInFlightWorkflowActivations > 0) quietSince = performance.now();
      quietSince = Math.max(quietSince, this.lastEndedAt);
    }
  }
}
