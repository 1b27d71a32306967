import { Client, Connection, QueryRejectCondition, type ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { retriesWithinDeadline } from './retries';

/** Address and credentials of the Temporal server. TLS and keys come from Temporal's own environment variables. */
export interface TemporalTarget {
  readonly connection: ConnectionOptions;
  /** The same for the worker, whose connection is made by the SDK's native library. */
  readonly nativeConnection: NativeConnectionOptions;
  readonly namespace: string;
}

/** The server named by TEMPORAL_ADDRESS and the other TEMPORAL_ variables (namespace, TLS, API key, profile). */
export function targetFromEnvironment(): TemporalTarget {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const { apiKey, ...rest } = connectionOptions;
  const key = typeof apiKey === 'string' ? { apiKey } : {};
  return {
    connection: connectionOptions,
    nativeConnection: {
      address: rest.address,
      tls: rest.tls,
      metadata: rest.metadata,
      ...key,
    },
    namespace: namespace ?? 'default',
  };
}

export function targetAt(address: string): TemporalTarget {
  // An HTTP proxy named by the environment is for addresses outside this machine.
  const channelArgs = { 'grpc.enable_http_proxy': 0 };
  return { connection: { address, channelArgs }, nativeConnection: { address }, namespace: 'default' };
}

/** Rejects queries of a workflow that has ended: its list is old, and would be taken for a current one. */
const queryRejectCondition = QueryRejectCondition.NOT_OPEN;

/**
 * Pauses before connecting again to a server that could not be reached, in ms. gRPC's default pauses grow from 1 s to 2 minutes:
 * long after the server is back, the API would still show an old list, with engines that are being stopped.
 */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 300 };

/** The error of a query that was asked while `mayQuery` was false. */
export const WORKER_STARTING = 'it was not answered in time: the worker has just been started';

/**
 * Connects on first use, and again when the server is back, so that Portward can start without a server.
 * @param mayQuery whether workflows may be queried now; while it returns false, queries fail
 */
export function lazyClient(
  target: TemporalTarget,
  mayQuery: () => boolean = () => true,
): { client: Client; connection: Connection } {
  const channelArgs = { ...RECONNECT, ...target.connection.channelArgs };
  const connection = Connection.lazy({ ...target.connection, channelArgs, interceptors: [retriesWithinDeadline] });
  return {
    connection,
    client: new Client({
      connection,
      namespace: target.namespace,
      workflow: { queryRejectCondition },
      interceptors: {
        workflow: [
          {
            async query(input, next) {
              if (!mayQuery()) throw new Error(WORKER_STARTING);
              return await next(input);
            },
          },
        ],
      },
    }),
  };
}
