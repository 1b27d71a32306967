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
import { NotChecked } from './finding';
import type { Site } from './site';

/** The control server's answer about the port. */
export type PortAnswer =
  | { readonly kind: 'known'; readonly port: Port }
  | { readonly kind: 'none'; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly failure: ReadFailure; readonly problem: Problem };

/** `nowhere`: it has no address that can be reached from here. */
export type ReadFailure = GluetunError['failure'] | 'nowhere';

/** A configured VPN, for several checks. */
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

  /** The VPN's container; null if there is none with that name. @throws DockerUnreachable */
  found(): Promise<ContainerDetails | null> {
    this.asked ??= this.site.docker.inspectByName(this.name);
    return this.asked;
  }

  /** @throws NotChecked, DockerUnreachable */
  async container(): Promise<ContainerDetails> {
    const details = await this.found();
    if (!details) throw new NotChecked(`container '${this.name}' is not there`);
    return details;
  }

  /** @throws NotChecked, DockerUnreachable */
  async running(): Promise<ContainerDetails> {
    const details = await this.container();
    if (downtime(details) !== null) throw new NotChecked(`container '${this.name}' is not running`);
    return details;
  }

  /** @throws the question's errors, which say what to do if no connection is accepted; NotChecked */
  async ask<T>(signal: AbortSignal, question: (base: URL) => Promise<T>): Promise<T> {
    const details = await this.running();
    const deps = { controlPort: () => this.vpn.apiPort };
    return new ControlServerAddress(this.name, details, await this.site.reach(), deps).ask(signal, question);
  }

  /** @throws NotChecked, DockerUnreachable */
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

  /**
   * Engines on this VPN that belong to this Portward's instance, or to none because they are older.
   * @throws DockerUnreachable
   */
  async engines(): Promise<readonly ListedContainer[]> {
    const { containerLabel, instance } = this.site.settings;
    const all = await this.site.docker.list([containerLabel, `${label.vpn}=${this.name}`]);
    return all.filter(({ labels }) => [undefined, instance].includes(labels[label.instance]));
  }
}
