import { NativeConnection, Worker, type InjectedSinks } from '@temporalio/worker';
import type { Activities } from '../activities';
import type { FleetActivities } from '../activities/watch-pool';
import type { PoolSinks } from '../workflows/pool-sink';
import type { TemporalTarget } from './client';
import { workflowBundle } from './workflow-code';

/** How long a worker that is told to stop may still hand over. */
const SHUTDOWN_GRACE = '5 seconds';

export interface PortwardWorkerOptions {
  readonly target: TemporalTarget;
  readonly taskQueue: string;
  readonly activities: Activities & FleetActivities;
  readonly sinks: InjectedSinks<PoolSinks>;
  readonly vpns: number;
  /** At most, over all VPNs. */
  readonly engines: number;
}

/** Connects, and makes a worker that is not running yet. */
export async function createWorker(
  options: PortwardWorkerOptions,
): Promise<{ worker: Worker; close: () => Promise<void> }> {
  const { target, taskQueue, activities, sinks, vpns, engines } = options;
  const connection = await NativeConnection.connect(target.nativeConnection);
  const worker = await Worker.create({
    connection,
    namespace: target.namespace,
    taskQueue,
    activities,
    sinks,
    workflowBundle,
    // After a SIGKILL, work that is stuck to the dead worker moves on after this time: queries answer again in 1.5 s.
    stickyQueueScheduleToStartTimeout: '1 second',
    maxCachedWorkflows: 50 + 10 * vpns,
    // Each VPN always has an observe at work, and a recheck leaves the one before it running for a few seconds. All engines
    // may have to come up at once, and those that wait for their turn must not keep a VPN from being watched.
    maxConcurrentActivityTaskExecutions: 100 + 20 * vpns + 2 * engines,
    maxConcurrentWorkflowTaskExecutions: 40,
    shutdownGraceTime: SHUTDOWN_GRACE,
    // Cancellation reaches an activity with its heartbeat, so heartbeats are passed on soon.
    maxHeartbeatThrottleInterval: '3 seconds',
    defaultHeartbeatThrottleInterval: '3 seconds',
  });
  return { worker, close: () => connection.close() };
}
