import { workflowInfo } from '@temporalio/workflow';

/**
 * Replaying a history costs about 1.2 ms an event, and several times as much on a busy machine. With this many events a workflow that
 * was dropped from a worker's cache is back in a second. The server suggests a new run only at 4,096 events, or at 4 MB.
 */
const LONG_AT_EVENTS = 400;

/** Whether it is time for the next run. @param times factor for the usual length */
export function historyIsLong(times = 1): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return (continueAsNewSuggested && times === 1) || historyLength >= times * LONG_AT_EVENTS;
}
