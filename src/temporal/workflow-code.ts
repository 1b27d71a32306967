import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleOptions, WorkerOptions } from '@temporalio/worker';

/** What a bundle of the workflows is made from. */
export const workflowSource = {
  workflowsPath: require.resolve('../workflows'),
  workflowInterceptorModules: [require.resolve('../workflows/ahead-of-history')],
} satisfies BundleOptions;

/** The bundle that the build made; from source (tests) the workflows are bundled at start. */
export function workflowCode(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  const built = join(__dirname, '..', '..', 'workflow-bundle.js');
  if (existsSync(built)) return { workflowBundle: { codePath: built } };
  const { workflowsPath, workflowInterceptorModules } = workflowSource;
  return { workflowsPath, interceptors: { workflowModules: workflowInterceptorModules } };
}
