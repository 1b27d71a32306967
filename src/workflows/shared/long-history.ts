import { workflowInfo } from '@temporalio/workflow';

/**
 * To replay a history costs about 1.2 ms an event, and several times as much on a busy machine: with this many a workflow that
 * has left a worker's cache is back in a second. The server suggests a new run at 4,096 events only, or at 4 MB.
 */
const LONG_AT_EVENTS = 400;

/** Whether it is time for another run. @param times so much longer than usual */
export function historyIsLong(times = 1): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return (continueAsNewSuggested && times === 1) || historyLength >= times * LONG_AT_EVENTS;
}
