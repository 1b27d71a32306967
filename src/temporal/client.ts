import { Client, Connection, QueryRejectCondition, type ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { retriesWithinDeadline } from './retries';

/** Where the Temporal server is and how to be let in; TLS and keys come from Temporal's own variables. */
export interface TemporalTarget {
  readonly connection: ConnectionOptions;
  /** The same for the worker, whose connection is not JavaScript's. */
  readonly nativeConnection: NativeConnectionOptions;
  readonly namespace: string;
}

/** The server that TEMPORAL_ADDRESS and its kin (namespace, TLS, API key, profile) name. */
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
  // A proxy that the environment names is for the world outside, not for this machine.
  const channelArgs = { 'grpc.enable_http_proxy': 0 };
  return { connection: { address, channelArgs }, nativeConnection: { address }, namespace: 'default' };
}

/** A workflow that has ended would go on showing its last list as if it were today's. */
const queryRejectCondition = QueryRejectCondition.NOT_OPEN;

/**
 * How soon a server is tried again that could not be reached, in ms. With gRPC's own pauses, which grow from 1 s to 2 minutes,
 * an API would show an old list long after the server is back, with engines that are being stopped.
 */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 300 };

/** Why a query has failed that came before `mayAsk`. */
export const NOT_BEGUN = 'it was not answered in time: the worker has just been started';

/**
 * Connects when first used, and again when the server is back: a server that is away is no reason not to start.
 * @param mayAsk whether workflows may be sent queries now
 */
export function lazyClient(
  target: TemporalTarget,
  mayAsk: () => boolean = () => true,
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
              if (!mayAsk()) throw new Error(NOT_BEGUN);
              return await next(input);
            },
          },
        ],
      },
    }),
  };
}
