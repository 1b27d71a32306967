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
  /** Those that reach this process. */
  readonly hints: VpnHints;
  /** Falls back to a guess while Docker can't be asked. */
  readonly reach: () => Promise<Reach>;
  /** The control server client for a VPN, since each may have keys of its own. */
  readonly gluetun: (vpn: string) => GluetunClient;
  /** Where a VPN's control server listens; null: where its container's environment says. */
  readonly controlPort: (vpn: string) => Port | null;
  /** Which of a VPN's forwarded ports the engine follows; 0 is the first. */
  readonly portIndex: (vpn: string) => number;
  readonly engineApi: EngineApi;
  readonly streams: (vpn: string) => StreamsWorkflow;
  readonly variant: Variant;
  /** Opens the environment that callers give for engines. */
  readonly sealingKey: () => Promise<SealingKey>;
  /** Of this Portward; another one's engines are not touched. */
  readonly instance: string;
  /** `name=value`, marks the containers that are ours. */
  readonly containerLabel: string;
  readonly checkIntervalMs: number;
  readonly collectIntervalMs: number;
  readonly healthCheckIntervalMs: number;
  readonly healthFailureThreshold: number;
  /** How long a new engine may take until it answers. */
  readonly startupTimeoutMs: number;
  /** Null: nobody wants to be told of what happens. */
  readonly webhook: Webhook | null;
  /** What asks the VPN's workflow for its list as an API does. False: no answer came in an API's time. */
  readonly listQuestion: (vpn: string) => () => Promise<boolean>;
  /** Aborted when this worker is to stop: who only watches stops at once. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}
