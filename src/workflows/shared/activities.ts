import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities';

/** Watching takes up to 10 minutes; it heartbeats, so that a dead watcher is noticed after 10 seconds. */
export const { observe } = proxyActivities<Activities>({
  startToCloseTimeout: '11 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
  // Each workflow task then brings the workflow something, which `ahead-of-history` builds on.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

// A few quick attempts; the loop without end is the replacement's own, where failures show in state.
const quick = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumAttempts: 3 } as const;

// Every activity heartbeats, however short it is: what a killed worker had in hand is tried again after seconds
// instead of after the time that the work may take.
const heartbeatTimeout = '6 seconds';

/** It takes up to half a minute, and gives up well before the activity does. */
export const { removeEngine } = proxyActivities<Activities>({
  startToCloseTimeout: '45 seconds',
  heartbeatTimeout,
  retry: quick,
});

/** These wait: for lists, for the turn of an engine's start, for its API, for its ports, for it to stop or to hold no port. */
export const { evictEngines, createEngine, releaseEngine, awaitReleased, awaitEngine, awaitPortsFree } =
  proxyActivities<Activities>({
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout,
    retry: quick,
  });

/** One attempt: the loop is the remedy's own, so that why one failed is in state while the next is due; see `cure.ts`. */
const once = { maximumAttempts: 1 } as const;

/** Docker waits for as long as a container may take to stop. */
export const { restartVpn } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout,
  retry: once,
});

/** Gives up on a control server that hangs well before this. */
export const { reconnectVpn } = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout,
  retry: once,
});

/** For an hour: a receiver may be restarted, or moved. */
export const { notify } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 hour',
  heartbeatTimeout,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export const { pullImage } = proxyActivities<Activities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '30 seconds',
  // Why it fails is told in state between the rounds.
  retry: once,
});
