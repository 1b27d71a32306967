import { join } from 'node:path';
import type { BundleOptions, WorkflowBundlePath } from '@temporalio/worker';

/** The sources from which the build makes the bundle. */
export const workflowSource = {
  workflowsPath: require.resolve('../workflows'),
  workflowInterceptorModules: [
    require.resolve('../workflows/shared/ahead-of-history'),
    require.resolve('../workflows/shared/task-mark'),
  ],
} satisfies BundleOptions;

/** The bundle beside the built program, which a worker runs. */
export const workflowBundle: WorkflowBundlePath = { codePath: join(__dirname, '..', '..', 'workflow-bundle.js') };
