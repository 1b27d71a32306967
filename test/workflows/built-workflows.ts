import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowBundleOption, WorkflowBundlePath } from '@temporalio/worker';

/** The workflows as the build bundles them and a worker runs them; that they are today's is seen to before all tests. */
export const builtWorkflows: WorkflowBundlePath = {
  codePath: join(__dirname, '..', '..', 'dist', 'workflow-bundle.js'),
};

/**
 * The same, but for times that a test need not wait for: by the names of constants, of which there must be one each. While histories are
 * recorded the test waits all the same, since with other times a replay takes other turns.
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
