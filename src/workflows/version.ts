/**
 * The version of the workflow code. Raise it with every change under which present histories might not replay. When a worker starts and
 * finds a VPN's workflow of another version, older or newer, it ends that workflow and begins anew from Docker's state.
 */
export const WORKFLOW_VERSION = 12;

/** Name of the version in the memo of a VPN's workflow. Continue-as-new keeps the memo. */
export const VERSION_IN_MEMO = 'workflowVersion';
