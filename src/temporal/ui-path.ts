/** Path of the Temporal UI, of the embedded server and of the API that shows it. */
export const TEMPORAL_UI_PATH = '/temporal';
