/**
 * The version of the workflow code. Raise it with every change that today's histories might not replay under: a worker
 * that starts and finds a VPN's workflow of another version, older or newer, ends it and begins anew from Docker's state.
 */
export const WORKFLOW_VERSION = 10;

/** A VPN's workflow carries its version under this name; continue-as-new keeps the memo. */
export const VERSION_IN_MEMO = 'workflowVersion';
