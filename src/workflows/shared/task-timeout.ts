/**
 * How long a worker may take for one task of a workflow. On a busy machine a task that has to replay a history first may take
 * seconds; one that times out is begun from the start, which makes the machine busier still. After the SIGKILL of a worker
 * that was just at a task the workflow waits for so long: less than ENGINES_STALE_LIMIT_S by some seconds for the replay, since
 * otherwise `/engines` would be without that VPN just before it is back.
 */
export const WORKFLOW_TASK_TIMEOUT = '20 seconds';
