import type { Client } from '@temporalio/client';
import type { ActivityDeps } from '../activities/deps';
import { engineApi } from '../clients/engine/engine-probe';
import { GluetunClient } from '../clients/gluetun/client';
import { Webhook } from '../clients/webhook';
import type { Config } from '../config/config';
import { listQuestion } from '../gateways/list-question';
import { streamsWorkflow } from '../gateways/streams-workflow';
import { TemporalVpnSource } from '../gateways/vpn-source';
import { sealingKeySource } from '../secrets/sealing-key';
import { reachFinder } from './docker-reach';

/** What this process gives its activities, beside the configuration. */
export interface OwnDeps extends Pick<ActivityDeps, 'docker' | 'events' | 'hints' | 'stopping' | 'log'> {
  readonly client: Client;
}

export function activityDeps(config: Config, own: OwnDeps): ActivityDeps {
  const { docker, events, hints, stopping, log, client } = own;
  const clients = new Map(
    config.vpns.map((vpn) => [
      vpn.name,
      new GluetunClient({ auth: vpn.gluetunAuth, timeoutMs: config.gluetun.timeoutMs }),
    ]),
  );
  const source = (vpn: string) => new TemporalVpnSource(client, { instance: config.instance, vpn });
  return {
    docker,
    events,
    hints,
    stopping,
    log,
    reach: reachFinder(config, docker),
    gluetun: (vpn) => {
      const gluetun = clients.get(vpn);
      if (!gluetun) throw new Error(`VPN '${vpn}' is not configured in this worker`);
      return gluetun;
    },
    controlPort: (name) => config.vpns.find((vpn) => vpn.name === name)?.apiPort ?? null,
    portIndex: (name) => config.vpns.find((vpn) => vpn.name === name)?.portIndex ?? 0,
    engineApi: engineApi(config.engine.variant),
    streams: (vpn) => streamsWorkflow(source(vpn)),
    listQuestion: (vpn) => listQuestion(source(vpn)),
    collectIntervalMs: config.collectIntervalMs,
    variant: config.engine.variant,
    sealingKey: sealingKeySource(config),
    instance: config.instance,
    containerLabel: config.containerLabel,
    checkIntervalMs: config.everyVpn.checkIntervalMs,
    healthCheckIntervalMs: config.engine.healthCheckIntervalMs,
    healthFailureThreshold: config.engine.healthFailureThreshold,
    startupTimeoutMs: config.everyVpn.startupTimeoutMs,
    webhook: config.notify && new Webhook(config.notify),
  };
}
