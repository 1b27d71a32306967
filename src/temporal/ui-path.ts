/** Path of the Temporal UI, both at the embedded server and at the API, which forwards requests to it. */
export const TEMPORAL_UI_PATH = '/temporal';
