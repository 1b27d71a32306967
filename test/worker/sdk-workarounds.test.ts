import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Checks that the SDK's code still has what Portward works around. If one of these fails after an update of the SDK,
// check whether the named file is still needed.

const SDK = join(__dirname, '../../node_modules/@temporalio');
const CORE = 'core-bridge/sdk-core/crates/sdk-core/src/worker/workflow/history_update.rs';

test.each([
  // Hands out events after the last workflow task together with a query.
  ['src/workflows/shared/ahead-of-history.ts', CORE, 'NextWFT::ReplayOver } else { self.build_next_wft(siz) }'],
  ['src/worker/workflow-thread.ts', 'worker/lib/workflow/vm-shared.js', 'promiseHooks.createHook({'],
  [
    'src/worker/activity-meter.ts',
    'worker/lib/activity.js',
    'const baseTags = { namespace: this.info.namespace, taskQueue:',
  ],
  // Nothing catches an error of the next attempt, and pauses ignore the deadline.
  [
    'src/temporal/retries.ts',
    'client/lib/grpc-retry.js',
    'setTimeout(retry, retryOptions.delayFunction(attempt, status))',
  ],
])('%s is still needed', (ours, theirs, code) => {
  expect(readFileSync(join(__dirname, '../..', ours), 'utf8')).not.toBe('');
  expect(readFileSync(join(SDK, theirs), 'utf8').replaceAll(/\s+/g, ' ')).toContain(code);
});
