import { once } from 'node:events';
import { createServer } from 'node:net';
import type { RuntimeOptions } from '@temporalio/worker';
import { hostAndPort } from '../../lib/addresses';
import { httpWithin } from '../../clients/http';
import { buckets } from '../../domain/measures';

// A worker's metrics are those of the Temporal SDK and Portward's own. Both go through the SDK's meters, so one exporter serves them.

const ANSWER_WITHIN_MS = 1_000;
const BYTES_AT_MOST = 4 * 1024 * 1024;

type Telemetry = NonNullable<RuntimeOptions['telemetryOptions']>;

/** Options for the SDK's exporter, which listens on that address as soon as the SDK has them. Names and units follow Prometheus. */
export function exporterAt(address: MetricsAddress): NonNullable<Telemetry['metrics']> {
  return {
    prometheus: {
      bindAddress: hostAndPort(address.host, address.port),
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: { ...buckets },
    },
    attachServiceName: false,
  };
}

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads the metrics from the exporter of this process. @throws when it does not answer within 1 s */
export async function workerMetricsAt(address: MetricsAddress): Promise<string> {
  // An exporter that listens on every address is reached on loopback.
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
  const url = new URL(`http://${hostAndPort(host, address.port)}/metrics`);
  const request = { signal: new AbortController().signal, bytesAtMost: BYTES_AT_MOST };
  const { status, ok, text } = await httpWithin(ANSWER_WITHIN_MS, url, request);
  if (!ok) throw new Error(`the exporter of the worker's metrics answered with status ${status}`);
  return text;
}

/** A free port on loopback. */
export async function freeLoopbackPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address === 'object' && address !== null) return address.port;
  throw new TypeError(`expected an address with a port, found ${String(address)}`);
}
