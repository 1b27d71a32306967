import type { Connection } from '@temporalio/client';
import { codeOf } from '../lib/errors';

/** Of gRPC. */
const NOT_FOUND = '5';

/**
 * Has the server read its database: for the default namespace, and for a workflow that there is not. After a SIGKILL a server
 * may answer for its namespaces and never come to have its workflows; one whose database connection is broken says that it
 * serves, and reads nothing. @throws what the server said
 */
export async function readDatabase({ workflowService }: Connection): Promise<void> {
  await workflowService.describeNamespace({ namespace: 'default' });
  try {
    await workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: 'portward-readiness' },
    });
  } catch (error) {
    // Who says so has looked.
    if (codeOf(error) !== NOT_FOUND) throw error;
  }
}
