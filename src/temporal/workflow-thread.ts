// What a thread for workflows begins with instead of the SDK's own file: its modules come from a pack, too, and workflows run without
// the SDK's promise hook. That makes a stack trace of each promise, mapped to the sources, which took a third of the thread's time,
// and serves the query `__stack_trace` alone.
// oxlint-disable import/no-unassigned-import
import '../packed-modules';
import { promiseHooks } from 'node:v8';

// Node.js 20 follows AsyncLocalStorage by the same function, without which the SDK takes one cancellation scope for another. The SDK's
// own hook is the one that does not want to hear when a promise is taken up.
const { createHook } = promiseHooks;
promiseHooks.createHook = (hooks) => (hooks.before === undefined ? () => undefined : createHook(hooks));

import '@temporalio/worker/lib/workflow/workflow-worker-thread';
