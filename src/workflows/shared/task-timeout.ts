/**
 * How long a worker may take for one workflow task. On a busy machine a task that replays a history first may take seconds. A task that
 * times out begins from the start, which makes the machine still busier. On the other hand a workflow waits for so long if its worker
 * was killed during a task: this is some seconds less than ENGINES_STALE_LIMIT_S, so that `/engines` does not lose the VPN just before
 * it is back.
 */
export const WORKFLOW_TASK_TIMEOUT = '20 seconds';
