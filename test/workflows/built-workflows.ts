import { join } from 'node:path';
import type { WorkflowBundlePath } from '@temporalio/worker';

/** The workflows as the build bundles them and a worker runs them; that they are today's is seen to before all tests. */
export const builtWorkflows: WorkflowBundlePath = {
  codePath: join(__dirname, '..', '..', 'dist', 'workflow-bundle.js'),
};
