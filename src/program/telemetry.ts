import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { hostAndPort } from '../lib/addresses';
import { temporalLogger } from './logger';
import { exporterAt, freeLoopbackPort, workerMetricsAt, type MetricsAddress } from '../api/metrics/worker-metrics';
import type { Part } from '../config/across';
import type { Config } from '../config/config';
import { messageOf } from '../lib/errors';

/**
 * Installs the SDK's runtime, once a process and before any worker. Returns a function by which the API in this
 * process reads the worker's metrics; null if it can't.
 * @throws if PORTWARD_METRICS_PORT names an address where nothing can listen
 */
export async function installRuntime(
  config: Config,
  parts: readonly Part[],
  log: Logger,
): Promise<(() => Promise<string>) | null> {
  const address = await metricsAddress(config, parts);
  const install = (at: MetricsAddress | null) =>
    Runtime.install({
      logger: temporalLogger(log),
      // Portward handles signals itself, and stops its parts in its own order.
      shutdownSignals: [],
      telemetryOptions: {
        logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} },
        ...(at === null ? {} : { metrics: exporterAt(at) }),
      },
    });
  try {
    install(address);
  } catch (error) {
    const reason = messageOf(error);
    if (config.metrics.port !== 0) {
      throw new Error(
        `metrics can't be served at ${config.metrics.host}, port ${config.metrics.port}: ${reason}; ` +
          'set PORTWARD_METRICS_PORT and PORTWARD_METRICS_HOST to a free port and an address of this machine',
        { cause: error },
      );
    }
    // Another program took the port just now.
    log.warn(`/metrics lacks the worker's metrics until the next start: ${reason}`);
    install(null);
    return null;
  }
  if (address === null) return null;
  if (config.metrics.port !== 0)
    log.info(`Metrics of the worker: http://${hostAndPort(address.host, address.port)}/metrics`);
  return parts.includes('api') ? () => workerMetricsAt(address) : null;
}

async function metricsAddress({ metrics }: Config, parts: readonly Part[]): Promise<MetricsAddress | null> {
  if (!parts.includes('worker')) return null;
  if (metrics.port !== 0) return metrics;
  // Only the API in this process reads them at a random port. Without an API nobody would know that port.
  return parts.includes('api') ? { host: '127.0.0.1', port: await freeLoopbackPort() } : null;
}
