/**
 * Temporal's dynamic configuration for one machine: the defaults of the server (1.29) spare the database of a cluster,
 * and cost a step of a workflow up to 50 ms of waiting and a timer up to a second.
 */
const SETTINGS = [
  // A worker then gets an activity in the answer to the workflow task that scheduled it.
  'system.enableActivityEagerExecution=true',
  // How often new tasks may be fetched to be handed to a worker, 20 times a second by default.
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  // By how much clocks of several servers may differ, 1 s by default; a timer below that fires after it.
  'history.timerProcessorMaxTimeShift="10ms"',
  // Task queues are spread over 4 partitions by default: a task in one that no poll has been sent to waits for 2 s, or 4.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** Flags of `temporal server start-dev`. */
export const serverSettings: readonly string[] = SETTINGS.flatMap((setting) => ['--dynamic-config-value', setting]);
