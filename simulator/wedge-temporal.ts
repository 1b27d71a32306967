import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

const READERS = 150;
const SHORTEST_MS = 6;
const SPREAD_MS = 30;
/** Between two looks at what has come of it. */
const BURST_MS = 1_500;
/** A read that fails is nothing by itself: the server often recovers. So many in a row are for good. */
const IN_A_ROW = 3;
const LOOK_EVERY_MS = 150;

/**
 * Puts an embedded Temporal server out of order for good: reads whose deadlines expire at the server interrupt its only
 * connection to its database, until that answers `interrupted (9)` to everything. Takes a few seconds.
 * @param workflowId of a workflow that runs: one that there is not is read too fast
 * @returns false when it has not come to that in time
 */
export async function wedgeTemporal(address: string, workflowId: string, withinMs: number): Promise<boolean> {
  // Without the retries and the longer deadlines of Portward's own client, nor those of the SDK.
  const connection = await Connection.connect({ address, interceptors: [] });
  const until = Date.now() + withinMs;
  const read = (ms: number) =>
    connection.withDeadline(Date.now() + ms, () =>
      connection.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId },
      }),
    );
  const hammer = async (end: number) => {
    while (Date.now() < end) await read(SHORTEST_MS + SPREAD_MS * Math.random()).catch(() => {});
  };
  const isWedged = async () => {
    for (let look = 0; look < IN_A_ROW; look++) {
      await sleep(LOOK_EVERY_MS);
      // The workflow is there: whoever can't be told of it is told `interrupted`, or that there is no such namespace, or nothing.
      const answers = await read(10_000).then(
        () => true,
        () => false,
      );
      if (answers) return false;
    }
    return true;
  };
  try {
    while (Date.now() < until) {
      const end = Date.now() + BURST_MS;
      await Promise.all(Array.from({ length: READERS }, () => hammer(end)));
      if (await isWedged()) return true;
    }
    return false;
  } finally {
    await connection.close();
  }
}
