import { availableParallelism } from 'node:os';
import { Worker, type NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import type { Activities } from '../activities';
import { measuresOnce } from './once';
import { meterInSnakeCase } from './activity-meter';
import type { HandOver } from './hand-over';
import { workflowBundle as builtBeside } from './workflow-code';

/** How long activities may still run when a stopping worker shuts down: those that the hand-over has not waited for. */
const SHUTDOWN_GRACE = '3 seconds';

export interface PortwardWorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: Activities;
  readonly vpns: number;
  /** The highest number of engines over all VPNs. */
  readonly engines: number;
  /** Stops this worker. */
  readonly handOver: HandOver;
  /** By default the bundle beside the program's own code. */
  readonly workflowBundle?: WorkflowBundleOption;
}

/**
 * How many workflow tasks run at once. Workflow code has one thread: further tasks would wait for it while their
 * time-out runs.
 */
function workflowTasksAtOnce(cores: number): number {
  return Math.min(40, Math.max(4, 4 * cores));
}

/**
 * Makes a worker that does not run yet. Until it has run it keeps a thread, and keeps its connection from being
 * closed, so nothing may fail in between.
 */
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
    // A task that its own worker does not begin in time goes to any worker, which has to replay the history. A
    // stopping worker hands its workflows over; for a killed one, its successor has them forgotten when it starts
    // (`forgetCaches`).
    stickyQueueScheduleToStartTimeout: '5 seconds',
    maxCachedWorkflows: 50 + 10 * vpns,
    // Each VPN has one `observe` running, and a recheck leaves the one before running for a few seconds. All engines
    // may have to start at once, and those that wait for their turn must not keep a VPN from being watched.
    maxConcurrentActivityTaskExecutions: 100 + 20 * vpns + 2 * engines,
    maxConcurrentWorkflowTaskExecutions: workflowTasksAtOnce(availableParallelism()),
    shutdownGraceTime: SHUTDOWN_GRACE,
    // Cancellation reaches an activity with its heartbeat, so heartbeats must not be held back long.
    maxHeartbeatThrottleInterval: '3 seconds',
    defaultHeartbeatThrottleInterval: '3 seconds',
  });
}
