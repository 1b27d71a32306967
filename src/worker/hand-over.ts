import { setMaxListeners } from 'node:events';
import type { ActivityInterceptorsFactory, Worker } from '@temporalio/worker';
import { workerStopping } from '../activities/worker-stopping';
import { pauseUntil } from '../lib/pause';

/** Longer than workflows take to react to the end of an activity, including their shortest timers (300 ms). */
const QUIET_MS = 500;
/** Time limit for telling the workflows. VPNs that are not told keep their long histories, and nothing else is lost. */
const TELL_WITHIN_MS = 1_500;
/** Time limit for the wait: an activity may take long, and on a busy machine many tasks do. */
const AT_MOST_MS = 4_000;
const CHECK_EVERY_MS = 20;

/**
 * Stops a worker without losing a workflow task. When a worker shuts down it cancels its polls, and a task that
 * Temporal gives to such a poll at that moment is lost until its time-out
 * (https://github.com/temporalio/sdk-rust/issues/1080). So the worker first waits until there are no more tasks: it
 * begins no further activity, and when those under way have ended, workflows have nothing to do.
 */
export class HandOver {
  private isStopping = false;
  private readonly leave = new AbortController();
  private lastEndedAt = 0;

  constructor() {
    // Every activity of every VPN may add a listener.
    setMaxListeners(0, this.leave.signal);
  }

  /** Aborted when waiting activities have to end, so that another worker takes them over. */
  get leaving(): AbortSignal {
    return this.leave.signal;
  }

  /** Holds activities that would begin now, for another worker. */
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

  /**
   * Returns when the worker has been told to shut down.
   * @param tell tells the workflows to hand over, while they can still begin activities
   */
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
      await pauseUntil(CHECK_EVERY_MS);
      if (worker.getStatus().numInFlightWorkflowActivations > 0) quietSince = performance.now();
      quietSince = Math.max(quietSince, this.lastEndedAt);
    }
  }
}
