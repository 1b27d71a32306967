import type { Logger } from 'pino';
import type { DockerEvents } from '../clients/docker/docker-events';
import type { DockerHost } from '../clients/docker/docker-host';
import type { Port } from '../domain/engine';
import type { Reach } from '../clients/docker/reach/reach';
import type { EngineApi } from '../clients/engine/engine-api';
import type { Variant } from '../clients/engine/variant';
import type { GluetunClient } from '../clients/gluetun/client';
import type { SealingKey } from '../secrets/seal';
import type { StreamsWorkflow } from './streams/stream-collector';
import type { Webhook } from '../clients/webhook';
import type { VpnHints } from './port/vpn-hints';

/** What the worker knows and the workflows must not: clients, secrets, this process's view of the network. */
export interface ActivityDeps {
  readonly docker: DockerHost;
  readonly events: DockerEvents;
  /** Hints that reach this process: a VPN's port may have changed. */
  readonly hints: VpnHints;
  /** How ports of containers are reached from here; a guess while Docker is unreachable. */
  readonly reach: () => Promise<Reach>;
  /** The client for a VPN's control server. Each VPN may have credentials of its own. */
  readonly gluetun: (vpn: string) => GluetunClient;
  /** The configured port of a VPN's control server; null: the one that its container's environment says. */
  readonly controlPort: (vpn: string) => Port | null;
  /** Which of a VPN's forwarded ports the engine follows; 0 is the first. */
  readonly portIndex: (vpn: string) => number;
  readonly engineApi: EngineApi;
  readonly streams: (vpn: string) => StreamsWorkflow;
  readonly variant: Variant;
  /** Decrypts the environment variables that callers give engines. */
  readonly sealingKey: () => Promise<SealingKey>;
  /** The name of this instance. Engines of other instances are not touched. */
  readonly instance: string;
  /** `name=value`: the label of all containers that are ours. */
  readonly containerLabel: string;
  readonly checkIntervalMs: number;
  readonly collectIntervalMs: number;
  readonly healthCheckIntervalMs: number;
  readonly healthFailureThreshold: number;
  /** How long a new engine may take until it answers. */
  readonly startupTimeoutMs: number;
  /** Where events are sent; null without NOTIFY_URL. */
  readonly webhook: Webhook | null;
  /**
   * Makes a function that asks a VPN's workflow for its engine list, as an API process does. It resolves with false
   * if no answer comes within an API's deadline.
   */
  readonly listQuestion: (vpn: string) => () => Promise<boolean>;
  /** Aborted when waiting activities have to end, some seconds after this worker was told to stop. Watches end at once then. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}
