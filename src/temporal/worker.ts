import { Worker, type InjectedSinks, type NativeConnection } from '@temporalio/worker';
import type { Activities } from '../activities';
import type { FleetActivities } from '../activities/watch-pool';
import { tagsInSnakeCase } from '../domain/measures';
import type { PoolSinks } from '../workflows/pool-sink';
import { measuresOnce } from './once';
import { workflowBundle } from './workflow-code';

/** How long a worker that is told to stop may still hand over. */
const SHUTDOWN_GRACE = '5 seconds';

export interface PortwardWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: Activities & FleetActivities;
  readonly sinks: InjectedSinks<PoolSinks>;
  readonly vpns: number;
  /** At most, over all VPNs. */
  readonly engines: number;
}

/** Not running yet. Until it has run it keeps a thread, and its connection from being closed, so nothing may fail in between. */
export function createWorker({ vpns, engines, sinks, ...options }: PortwardWorkerOptions): Promise<Worker> {
  return Worker.create({
    ...options,
    sinks: { ...sinks, ...measuresOnce(options.namespace, options.taskQueue) },
    workflowBundle,
    interceptors: { activity: [() => ({ outbound: { getMetricTags: tagsInSnakeCase } })] },
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
}
