/**
 * Temporal's dynamic configuration for one machine. The server's defaults (1.29) protect the database of a cluster: a
 * step of a workflow then waits up to 50 ms, and a timer up to a second.
 */
const SETTINGS = [
  // A worker gets an activity in the answer to the workflow task that scheduled it.
  'system.enableActivityEagerExecution=true',
  // How often a second new tasks are fetched for workers, 20 times by default.
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  // How much the clocks of several servers may differ, 1 s by default. A timer that is shorter fires late by that.
  'history.timerProcessorMaxTimeShift="10ms"',
  // By default task queues have 4 partitions, and a task in a partition without a poll waits for 2 or 4 s.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/** Flags of `temporal server start-dev`. */
export const serverSettings: readonly string[] = SETTINGS.flatMap((setting) => ['--dynamic-config-value', setting]);
