import { Runtime } from '@temporalio/worker';
import Dockerode from 'dockerode';
import type { Logger } from 'pino';
import { VpnHints } from '../activities/port/vpn-hints';
import type { Part } from '../config/across';
import { ConfigError, type Config } from '../config/config';
import { DockerHost } from '../clients/docker/docker-host';
import { hostAddresses } from '../clients/docker/reach/host-side';
import { cacheDir } from '../config/folders';
import { leftOutNotice } from '../config/left-out-variables';
import { createLogger } from './logger';
import { resolveTemporalCli } from '../embedded-temporal/cli/cli';
import { lazyClient, targetAt, targetFromEnvironment, type TemporalTarget } from '../temporal/client';
import { embeddedAddresses } from '../embedded-temporal/server-address';
import { findEmbeddedServer, startEmbeddedServer, type EmbeddedServer } from '../embedded-temporal/server';
import { assertCanListen } from '../lib/listening-port';
import type { TemporalUi } from '../api/page/temporal-ui';
import { apiPlace } from './api-place';
import { ApiProgram } from './api-program';
import { ownContainer } from '../worker/docker-reach';
import { keepFilesPrivate } from './private-files';
import { searchAttributes } from '../worker/search-attributes';
import { installRuntime } from './telemetry';
import { startedUnless, untilAborted, within } from './stopping';
import { WorkerProgram } from '../worker/program';
import { messageOf } from '../lib/errors';

/** `docker stop` kills after 10 s. Each step of stopping has a part of that. */
const HAND_OVER_WITHIN_MS = 6_000;
/** Much more than the time after which a server is killed. */
const SERVER_STOPS_WITHIN_MS = 2_500;
const CLOSE_WITHIN_MS = 500;

/** Runs the given parts until SIGTERM or SIGINT; returns when everything has been stopped in order. */
export async function run(config: Config, parts: readonly Part[]): Promise<void> {
  const { docker, temporal } = connections(config, parts);
  if (parts.includes('api')) await assertCanListen(apiPlace(config));
  keepFilesPrivate(config);
  const log = createLogger(config.log);
  const stopping = onSignal(log);
  const workerMetrics = await installRuntime(config, parts, log);
  log.info(
    `Portward starts: ${parts.join(' and ')}, instance ${config.instance}, VPNs ${config.vpns.map((v) => v.name).join(', ')}`,
  );
  const leftOut = leftOutNotice(process.env);
  if (leftOut !== null) log.info(leftOut);

  const failing = new AbortController();
  const ending = AbortSignal.any([stopping, failing.signal]);
  const serverUp = startedUnless(ending, () => embeddedServer(config, parts, log, ending));
  // It may fail before it is awaited, which Node.js would report as unhandled.
  serverUp.catch(() => {});
  const { target, uiUrl } = temporal ? { target: temporal, uiUrl: null } : await embeddedTarget(config, serverUp);
  const { client, connection } = lazyClient(target, () => worker?.mayBeAsked ?? true);
  const hints = new VpnHints();
  const worker = docker && new WorkerProgram(config, { docker, target, client, connection, hints, log });
  const api = parts.includes('api')
    ? new ApiProgram(config, {
        client,
        hints,
        log,
        workerMetrics,
        temporalUi: uiUrl === null ? null : temporalUi(config, uiUrl, docker),
      })
    : null;
  /** The API starts before Temporal answers: it can already serve the last lists. */
  const listening = async () => {
    await worker?.prepare();
    if (!stopping.aborted) await api?.start();
  };
  const supervised = async () => (await serverUp)?.supervise(() => worker?.checkWorkflows(), stopping);
  try {
    await startedUnless(stopping, async () => {
      await Promise.all([supervised(), listening()]);
      if (!stopping.aborted) worker?.begin();
    });
    await untilAborted(stopping);
  } finally {
    const began = performance.now();
    failing.abort();
    await within(CLOSE_WITHIN_MS, api?.stop());
    const handedOver = await within(HAND_OVER_WITHIN_MS, worker?.stop());
    if (!handedOver) log.warn('The worker could not hand over in time; its work is taken up again at the next start');
    await within(CLOSE_WITHIN_MS, connection.close());
    const server = await serverUp.catch(() => null);
    if (!(await within(SERVER_STOPS_WITHIN_MS, server?.stop())))
      log.warn('The Temporal server could not be stopped in time; the next start takes it over');
    // The SDK holds lines of workflows back for a moment, to sort them, and would not write them before the process
    // ends.
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
      searchAttributes,
      log,
    },
    stopping,
  );
  log.info(`Temporal server: ${server.address}; UI for this machine or container alone: ${server.uiUrl}`);
  return server;
}

interface Connections {
  /** Null without a worker. */
  readonly docker: DockerHost | null;
  /** Null: the embedded server is used. */
  readonly temporal: TemporalTarget | null;
}

/**
 * Makes clients from variables that libraries read, so that mistakes in those are found before anything is started.
 * @throws ConfigError
 */
function connections({ temporal }: Config, parts: readonly Part[]): Connections {
  const mistakes: string[] = [];
  const made = <T>(variables: string, make: () => T): T | null => {
    try {
      return make();
    } catch (error) {
      mistakes.push(`${variables}: ${messageOf(error)}`);
      return null;
    }
  };
  const found = {
    docker: parts.includes('worker')
      ? made('DOCKER_HOST, DOCKER_CERT_PATH', () => new DockerHost(new Dockerode()))
      : null,
    temporal: temporal.address === null ? null : made("Temporal's TEMPORAL_* variables", targetFromEnvironment),
  };
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return found;
}

/**
 * The embedded server's address. It is known before the server answers, unless a server of an earlier run listens
 * elsewhere: that one may be replaced.
 */
async function embeddedTarget(
  { dataDir, temporal }: Config,
  serverUp: Promise<EmbeddedServer | null>,
): Promise<{ target: TemporalTarget; uiUrl: string }> {
  const wanted = embeddedAddresses(temporal);
  const found = await findEmbeddedServer(dataDir);
  const isElsewhere = found !== undefined && (found.address !== wanted.address || found.uiUrl !== wanted.uiUrl);
  const { address, uiUrl } = isElsewhere ? ((await serverUp) ?? found) : wanted;
  return { target: targetAt(address), uiUrl };
}

function temporalUi({ api }: Config, uiUrl: string, docker: DockerHost | null): TemporalUi {
  return {
    origin: new URL(uiUrl).origin,
    hostAddresses: async () => {
      const own = docker && (await ownContainer(docker).catch(() => null));
      return own ? hostAddresses(own, api.port) : [];
    },
  };
}

/** The first signal asks Portward to stop; a second one ends it at once. */
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
