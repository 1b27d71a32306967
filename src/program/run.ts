import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Config } from '../config';
import { cacheDir } from '../folders';
import { leftOutNotice } from '../left-out-variables';
import { createLogger } from '../logger';
import { resolveTemporalCli } from '../temporal/cli';
import { lazyClient, targetAt, targetFromEnvironment, type TemporalTarget } from '../temporal/client';
import { findEmbeddedServer, startEmbeddedServer, type EmbeddedServer } from '../temporal/server';
import { ApiProgram } from './api-program';
import { keepFilesPrivate } from './private-files';
import { installRuntime } from './telemetry';
import { startedUnless, untilAborted, within } from './stopping';
import { searchAttributes, WorkerProgram } from './worker-program';

/** `docker stop` kills after 10 s: a start that is broken off has 1 s, the embedded server the last 2 s. */
const HAND_OVER_WITHIN_MS = 6_000;
const CLOSE_WITHIN_MS = 500;

export type Part = 'worker' | 'api';

/** Runs the given parts until SIGTERM or SIGINT; returns when everything has been stopped in order. */
export async function run(config: Config, parts: readonly Part[]): Promise<void> {
  keepFilesPrivate(config);
  const log = createLogger(config.log);
  const stopping = onSignal(log);
  const workerMetrics = await installRuntime(config, parts, log);
  log.info(
    `Portward starts: ${parts.join(' and ')}, instance ${config.instance}, VPNs ${config.vpns.map((v) => v.name).join(', ')}`,
  );
  const leftOut = leftOutNotice(process.env);
  if (leftOut !== null) log.info(leftOut);

  const server = await startedUnless(stopping, () => embeddedServer(config, parts, log, stopping));
  const target = await temporalTarget(config, server);
  const { client, connection } = lazyClient(target);
  const worker = parts.includes('worker') ? new WorkerProgram(config, { target, client, connection, log }) : null;
  const api = parts.includes('api') ? new ApiProgram(config, client, log, workerMetrics) : null;
  server?.supervise(() => worker?.checkWorkflows());
  try {
    await startedUnless(stopping, async () => {
      await worker?.start();
      if (!stopping.aborted) await api?.start();
    });
    await untilAborted(stopping);
  } finally {
    const began = performance.now();
    await within(CLOSE_WITHIN_MS, api?.stop());
    const handedOver = await within(HAND_OVER_WITHIN_MS, worker?.stop());
    if (!handedOver) log.warn('The worker could not hand over in time; its work is taken up again at the next start');
    await within(CLOSE_WITHIN_MS, connection.close());
    await server?.stop();
    // The SDK keeps lines of workflows back for a moment, to sort them; the process ends before it would write them.
    Runtime.instance().flushLogs();
    log.info(`Portward has stopped in ${((performance.now() - began) / 1000).toFixed(1)} s; engines keep running`);
  }
}

async function embeddedServer(
  config: Config,
  parts: readonly Part[],
  log: Logger,
  stopping: AbortSignal,
): Promise<EmbeddedServer | null> {
  const { temporal } = config;
  if (temporal.address !== null || !parts.includes('worker')) return null;
  const server = await startEmbeddedServer(
    {
      cliPath: () => resolveTemporalCli({ env: process.env, cacheDir: cacheDir(process.env), log }),
      dataDir: config.dataDir,
      port: temporal.port,
      uiPort: temporal.uiPort,
      uiIp: temporal.uiIp,
      searchAttributes,
      log,
    },
    stopping,
  );
  log.info(`Temporal UI: ${server.uiUrl}`);
  return server;
}

async function temporalTarget(config: Config, server: EmbeddedServer | null): Promise<TemporalTarget> {
  if (config.temporal.address !== null) return targetFromEnvironment();
  if (server) return targetAt(server.address);
  const found = await findEmbeddedServer(config.dataDir);
  return targetAt(found?.address ?? `127.0.0.1:${config.temporal.port}`);
}

/** The first signal asks to stop; a second one is taken to mean at once. */
function onSignal(log: Logger): AbortSignal {
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(1);
    log.info(`${signal}: stopping; again to stop at once`);
    stopping.abort();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return stopping.signal;
}
