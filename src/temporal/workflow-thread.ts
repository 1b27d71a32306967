// What a thread for workflows begins with instead of the SDK's own file: its modules come from a pack, too, and workflows run without
// the SDK's promise hook. That makes a stack trace of each promise, mapped to the sources, which took a third of the thread's time,
// and serves the query `__stack_trace` alone.
// oxlint-disable import/no-unassigned-import
import '../packed-modules';
import { promiseHooks } from 'node:v8';

promiseHooks.createHook = () => () => undefined;

import '@temporalio/worker/lib/workflow/workflow-worker-thread';
