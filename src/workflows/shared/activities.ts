import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities';

/** It takes up to 10 minutes, and heartbeats, so that the death of its worker is noticed after 10 seconds. */
export const { observe } = proxyActivities<Activities>({
  startToCloseTimeout: '11 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
  // So that each workflow task brings the workflow a job, on which `ahead-of-history.ts` relies.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

// A few quick attempts. Further attempts are the replacement's own, so that its state shows the failures.
const quick = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumAttempts: 3 } as const;

// Every activity heartbeats, however short it is: after the death of a worker it is tried again within seconds, and not only when its
// time limit has passed.
const heartbeatTimeout = '6 seconds';

/** Its calls to Docker give up after half a minute, well before this limit. */
export const { removeEngine } = proxyActivities<Activities>({
  startToCloseTimeout: '45 seconds',
  heartbeatTimeout,
  retry: quick,
});

/** These wait: for list propagation, for an engine's turn to start, for its API, for ports, or until an engine has stopped. */
export const { evictEngines, createEngine, releaseEngine, awaitReleased, awaitEngine, awaitPortsFree } =
  proxyActivities<Activities>({
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout,
    retry: quick,
  });

/** One attempt. Further attempts are those of `cure.ts`, so that the state shows why the last one failed. */
const once = { maximumAttempts: 1 } as const;

/** Docker waits as long as the container's stop time-out is. */
export const { restartVpn } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout,
  retry: once,
});

/** It gives up on a control server that hangs well before this limit. */
export const { reconnectVpn } = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout,
  retry: once,
});

/** It is retried for an hour: the receiver may be restarted or moved meanwhile. */
export const { notify } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export const { pullImage } = proxyActivities<Activities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '30 seconds',
  // Further attempts are the workflow's own, so that the state shows why the last one failed.
  retry: once,
});
