import { availableParallelism } from 'node:os';
import { Worker, type InjectedSinks, type NativeConnection } from '@temporalio/worker';
import type { Activities } from '../activities';
import type { FleetActivities } from '../activities/watch-pool';
import type { PoolSinks } from '../workflows/pool-sink';
import { measuresOnce } from './once';
import { meterInSnakeCase } from './activity-meter';
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

/** Workflow code has one thread: what is begun beyond that waits for it, while the time-out of its task runs. */
export function workflowTasksAtOnce(cores: number): number {
  return Math.min(40, Math.max(4, 4 * cores));
}

/** Not running yet. Until it has run it keeps a thread, and its connection from being closed, so nothing may fail in between. */
export function createWorker({ vpns, engines, sinks, ...options }: PortwardWorkerOptions): Promise<Worker> {
  return Worker.create({
    ...options,
    sinks: { ...sinks, ...measuresOnce(options.namespace, options.taskQueue) },
    workflowBundle,
    interceptors: { activity: [meterInSnakeCase] },
    // A task that its worker has not begun by then goes to any, which has to replay the history. A worker that stops hands its
    // workflows over, but for a task that it is given in that moment; of one that was killed the next one has them forgotten when it
    // starts.
    stickyQueueScheduleToStartTimeout: '5 seconds',
    maxCachedWorkflows: 50 + 10 * vpns,
    // Each VPN always has an observe at work, and a recheck leaves the one before it running for a few seconds. All engines
    // may have to come up at once, and those that wait for their turn must not keep a VPN from being watched.
    maxConcurrentActivityTaskExecutions: 100 + 20 * vpns + 2 * engines,
    maxConcurrentWorkflowTaskExecutions: workflowTasksAtOnce(availableParallelism()),
    shutdownGraceTime: SHUTDOWN_GRACE,
    // Cancellation reaches an activity with its heartbeat, so heartbeats are passed on soon.
    maxHeartbeatThrottleInterval: '3 seconds',
    defaultHeartbeatThrottleInterval: '3 seconds',
  });
}
