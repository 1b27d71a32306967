import { ControlServerAddress } from '../activities/port/control-server';
import type { VpnConfig } from '../config/vpns';
import type { ContainerDetails } from '../clients/docker/docker-host';
import { downtime } from '../clients/docker/reading/downtime';
import type { ListedContainer } from '../clients/docker/listed-container';
import { Unreachable } from '../clients/docker/reach/unreachable';
import type { Port } from '../domain/engine';
import { label } from '../domain/names';
import type { Problem } from '../lib/problem';
import { GluetunClient, GluetunError, NoPortForwarded } from '../clients/gluetun/client';
import { NotLooked } from './finding';
import type { Site } from './site';

/** What the control server says of the port. */
export type PortAnswer =
  | { readonly kind: 'known'; readonly port: Port }
  | { readonly kind: 'none'; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly failure: ReadFailure; readonly problem: Problem };

/** `nowhere`: there is no address at which it could be asked. */
export type ReadFailure = GluetunError['failure'] | 'nowhere';

/** One VPN of the configuration, as several checks look at it. */
export class VpnSite {
  readonly client: GluetunClient;
  private asked: Promise<ContainerDetails | null> | null = null;
  private askedForPort: Promise<PortAnswer> | null = null;

  constructor(
    readonly site: Site,
    readonly vpn: VpnConfig,
  ) {
    this.client = new GluetunClient({ auth: vpn.gluetunAuth, timeoutMs: site.settings.gluetun.timeoutMs });
  }

  get name(): string {
    return this.vpn.name;
  }

  /** Null: there is none of that name. @throws DockerUnreachable */
  found(): Promise<ContainerDetails | null> {
    this.asked ??= this.site.docker.inspectByName(this.name);
    return this.asked;
  }

  /** @throws NotLooked, DockerUnreachable */
  async container(): Promise<ContainerDetails> {
    const details = await this.found();
    if (!details) throw new NotLooked(`container '${this.name}' is not there`);
    return details;
  }

  /** @throws NotLooked, DockerUnreachable */
  async running(): Promise<ContainerDetails> {
    const details = await this.container();
    if (downtime(details) !== null) throw new NotLooked(`container '${this.name}' is not running`);
    return details;
  }

  /** @throws as the question does, with what to do when no connection is accepted; NotLooked */
  async ask<T>(signal: AbortSignal, question: (base: URL) => Promise<T>): Promise<T> {
    const details = await this.running();
    const deps = { controlPort: () => this.vpn.apiPort };
    return new ControlServerAddress(this.name, details, await this.site.reach(), deps).ask(signal, question);
  }

  /** @throws NotLooked, DockerUnreachable */
  port(signal: AbortSignal): Promise<PortAnswer> {
    this.askedForPort ??= this.readPort(signal);
    return this.askedForPort;
  }

  private async readPort(signal: AbortSignal): Promise<PortAnswer> {
    const follow = { index: this.vpn.portIndex, current: null };
    try {
      return {
        kind: 'known',
        port: await this.ask(signal, (base) => this.client.forwardedPort(base, signal, follow)),
      };
    } catch (error) {
      if (error instanceof NoPortForwarded) return { kind: 'none', problem: error.problem };
      if (error instanceof GluetunError) return { kind: 'failed', failure: error.failure, problem: error.problem };
      if (error instanceof Unreachable) return { kind: 'failed', failure: 'nowhere', problem: error.problem };
      throw error;
    }
  }

  /** Engines of this Portward's instance on it, and older ones without any. @throws DockerUnreachable */
  async engines(): Promise<readonly ListedContainer[]> {
    const { containerLabel, instance } = this.site.settings;
    const all = await this.site.docker.list([containerLabel, `${label.vpn}=${this.name}`]);
    return all.filter(({ labels }) => [undefined, instance].includes(labels[label.instance]));
  }
}
