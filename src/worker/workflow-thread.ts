// A thread for workflows begins with this module instead of the SDK's own. Its modules come from a pack as well, and
// workflows run without the SDK's promise hook. That hook makes a stack trace of each promise, mapped to the sources,
// and only serves the query `__stack_trace`.
// oxlint-disable import/no-unassigned-import
import '../packed-modules';
import v8 from 'node:v8';

// Replaces the property that the SDK reads, and not the function itself: Node.js needs that function for
// AsyncLocalStorage, without which the SDK confuses cancellation scopes.
Object.assign(v8, { promiseHooks: { ...v8.promiseHooks, createHook: () => () => undefined } });

import '@temporalio/worker/lib/workflow/workflow-worker-thread';
