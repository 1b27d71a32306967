import { to } from '../targets';
import {
  flag,
  grpcAddress,
  integer,
  ipAddress,
  longSecret,
  matching,
  oneOf,
  port,
  secret,
  secretAddress,
  text,
} from '../validators';

// Variables of the program: Temporal, logs, metrics, events: see index.ts.

export const programVariables = {
  PORTWARD_INSTANCE: to(
    'instance',
    matching(
      /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}$/,
      'up to 32 letters, digits, - and _',
    )({
      default: 'default',
      desc: 'Name of this Portward among several that share a Temporal server: one for each Docker host.',
    }),
  ),
  CONTAINER_REACH: to(
    'reach',
    oneOf(
      'auto',
      'network',
      'published',
    )({
      default: 'auto',
      desc: 'How Portward reaches containers: network (at their own addresses), published (at ports on the Docker host), auto.',
    }),
  ),
  PORTWARD_SECRET_KEY: to(
    'secretKey',
    longSecret({
      default: undefined,
      desc: 'Any text of 16 characters or more. Portward makes the key from it that seals the environment which callers give engines. Not set: a key in PORTWARD_DATA_DIR. API and worker need the same one.',
    }),
  ),
  NOTIFY_URL: secretAddress({
    default: undefined,
    desc: 'Address to which Portward sends events, as JSON by POST. It may hold a token, so Portward keeps it secret.',
  }),
  NOTIFY_SECRET: secret({
    default: undefined,
    desc: 'Secret that signs these requests (header X-Portward-Signature).',
  }),
  TEMPORAL_ADDRESS: to(
    'temporal.address',
    grpcAddress({ default: undefined, desc: 'host:port of a Temporal server. Not set: Portward starts its own.' }),
  ),
  PORTWARD_TEMPORAL_PORT: to(
    'temporal.port',
    port({ default: 7233, desc: 'Port of the embedded server, on 127.0.0.1.' }),
  ),
  PORTWARD_TEMPORAL_UI_PORT: to(
    'temporal.uiPort',
    port({
      default: 8233,
      desc: "Port of the embedded server's UI, on 127.0.0.1. The API shows the UI at /temporal to those who have API_KEY.",
    }),
  ),
  PORTWARD_METRICS_PORT: to(
    'metrics.port',
    integer(
      0,
      65_535,
    )({ default: 0, desc: "Port for a worker's metrics. 0: only /metrics of the API in the same process has them." }),
  ),
  PORTWARD_METRICS_HOST: to(
    'metrics.host',
    ipAddress({ default: '127.0.0.1', desc: 'IP address of this machine for that port.' }),
  ),
  LOG_FORMAT: to(
    'log.format',
    oneOf(
      'auto',
      'json',
      'pretty',
    )({
      default: 'auto',
      desc: 'Form of the log: pretty, json, auto (pretty on a terminal). Compose files: pretty if not set.',
    }),
  ),
  DEBUG_MODE: to(
    'log.debug',
    flag({ default: false, desc: 'true: also writes everything, with details, as JSON lines to DEBUG_LOG_DIR.' }),
  ),
  DEBUG_LOG_DIR: to(
    'log.debugDir',
    text({
      default: './debug_logs',
      desc: 'Folder for the file portward.jsonl of DEBUG_MODE. In the image: /data/debug_logs.',
    }),
  ),
};
