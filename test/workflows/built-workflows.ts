import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowBundleOption, WorkflowBundlePath } from '@temporalio/worker';

/** The workflows as the build bundles them and a worker runs them. Before all tests it is checked that the build is up to date. */
export const builtWorkflows: WorkflowBundlePath = {
  codePath: join(__dirname, '..', '..', 'dist', 'workflow-bundle.js'),
};

/**
 * The same with other values for constants that hold times, so that a test need not wait. There must be one constant of each name. While
 * histories are recorded the constants stay as they are, since with other times a replay takes another course.
 */
export function builtWorkflowsWith(times: Readonly<Record<string, number>>): WorkflowBundleOption {
  if (process.env['RECORD_HISTORIES'] === 'true') return builtWorkflows;
  let code = readFileSync(builtWorkflows.codePath, 'utf8');
  for (const [name, ms] of Object.entries(times)) {
    const parts = code.split(new RegExp(`\\bconst ${name} = [\\d_ *]+;`));
    if (parts.length !== 2) throw new Error(`${parts.length - 1} constants are named ${name}`);
    code = parts.join(`const ${name} = ${ms};`);
  }
  return { code };
}
