import type { Connection } from '@temporalio/client';
import { codeOf } from '../lib/errors';

/** gRPC's status code. */
const NOT_FOUND = '5';

/**
 * Makes the server read its database: for the default namespace, and for a workflow that does not exist. After a
 * SIGKILL a server may answer for its namespaces but never load its workflows; a server with a broken database
 * connection says that it serves, and reads nothing.
 * @throws the server's error
 */
export async function readDatabase({ workflowService }: Connection): Promise<void> {
  await workflowService.describeNamespace({ namespace: 'default' });
  try {
    await workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: 'portward-readiness' },
    });
  } catch (error) {
    // The server can only know that after reading the database.
    if (codeOf(error) !== NOT_FOUND) throw error;
  }
}
