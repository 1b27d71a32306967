import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

const READERS = 150;
const SHORTEST_MS = 6;
const SPREAD_MS = 30;
/** A read that is interrupted is nothing by itself: the server often recovers. So many in a row are for good. */
const IN_A_ROW = 4;
const LOOK_EVERY_MS = 250;

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
  const state = { wedged: false };
  const read = (ms: number) =>
    connection.withDeadline(Date.now() + ms, () =>
      connection.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId },
      }),
    );
  const hammer = async () => {
    while (!state.wedged && Date.now() < until) await read(SHORTEST_MS + SPREAD_MS * Math.random()).catch(() => {});
  };
  const watch = async () => {
    for (let inARow = 0; inARow < IN_A_ROW && Date.now() < until;) {
      await sleep(LOOK_EVERY_MS);
      const said = await read(10_000).then(String, String);
      inARow = said.includes('interrupted') ? inARow + 1 : 0;
      state.wedged = inARow === IN_A_ROW;
    }
  };
  try {
    await Promise.all([watch(), ...Array.from({ length: READERS }, hammer)]);
    return state.wedged;
  } finally {
    await connection.close();
  }
}
