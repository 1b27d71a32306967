// What a thread for workflows begins with instead of the SDK's own file: its modules come from a pack, too, and workflows run without
// the SDK's promise hook. That makes a stack trace of each promise, mapped to the sources, and serves the query `__stack_trace` alone.
// oxlint-disable import/no-unassigned-import
import '../packed-modules';
import v8 from 'node:v8';

// What the SDK finds is put in its place, not the function itself: Node.js follows AsyncLocalStorage by that, and without it the SDK
// takes one cancellation scope for another.
Object.assign(v8, { promiseHooks: { ...v8.promiseHooks, createHook: () => () => undefined } });

import '@temporalio/worker/lib/workflow/workflow-worker-thread';
