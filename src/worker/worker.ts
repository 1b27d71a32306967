import { availableParallelism } from 'node:os';
import { Worker, type NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import type { Activities } from '../activities';
import { measuresOnce } from './once';
import { meterInSnakeCase } from './activity-meter';
import type { HandOver } from './hand-over';
import { workflowBundle as builtBeside } from './workflow-code';

/** How long activities of a worker that stops may go on: what the hand-over has not waited for. */
const SHUTDOWN_GRACE = '3 seconds';

export interface PortwardWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: Activities;
  readonly vpns: number;
  /** At most, over all VPNs. */
  readonly engines: number;
  /** By which it is stopped. */
  readonly handOver: HandOver;
  /** The one beside the program's own code if absent. */
  readonly workflowBundle?: WorkflowBundleOption;
}

/** Workflow code has one thread: what is begun beyond that waits for it, while the time-out of its task runs. */
export function workflowTasksAtOnce(cores: number): number {
  return Math.min(40, Math.max(4, 4 * cores));
}

/** Not running yet. Until it has run it keeps a thread, and its connection from being closed, so nothing may fail in between. */
export function createWorker({
  vpns,
  engines,
  handOver,
  workflowBundle = builtBeside,
  ...options
}: PortwardWorkerOptions): Promise<Worker> {
  return Worker.create({
    ...options,
    sinks: measuresOnce(options.namespace, options.taskQueue),
    workflowBundle,
    interceptors: { activity: [meterInSnakeCase, handOver.interceptor] },
    // A task that its worker has not begun by then goes to any, which has to replay the history. A worker that stops hands its
    // workflows over; of one that was killed the next one has them forgotten when it starts.
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
