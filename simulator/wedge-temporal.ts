import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

const READERS = 150;
const SHORTEST_MS = 6;
const SPREAD_MS = 30;
/** How long the reads go on before the server is checked. */
const BURST_MS = 1_500;
/** A single failed read proves nothing, because the server often recovers. After so many in a row it is wedged for good. */
const IN_A_ROW = 3;
const LOOK_EVERY_MS = 150;

/**
 * Wedges an embedded Temporal server for good. Reads whose deadlines expire at the server interrupt its only connection to its
 * database, until that connection answers `interrupted (9)` to everything. This takes a few seconds.
 * @param workflowId a running workflow: reads of one that does not exist are too fast to be interrupted
 * @returns false: the server still works when the time is up
 */
export async function wedgeTemporal(address: string, workflowId: string, withinMs: number): Promise<boolean> {
  // No interceptors: neither Portward's longer deadlines nor the SDK's retries.
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
      // The workflow exists, so any error means a wedged server: `interrupted`, a missing namespace, or no answer.
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
