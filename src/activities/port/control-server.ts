import { accepts } from '../../lib/tcp';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import { howToReach } from '../../clients/docker/reach/how-to-reach';
import { forgetAddress, locate, type Reach } from '../../clients/docker/reach/reach';
import { url, type Endpoint } from '../../clients/engine/engine-api';
import { GluetunError } from '../../clients/gluetun/client';
import { CONTROL_PORT, containerEnvironment } from '../../clients/gluetun/container-environment';
import type { ActivityDeps } from '../deps';

/** Finds a VPN's control server from this process. */
export class ControlServerAddress {
  constructor(
    private readonly vpn: string,
    private readonly container: ContainerDetails,
    private readonly reach: Reach,
    private readonly deps: Pick<ActivityDeps, 'controlPort'>,
  ) {}

  /** The first address that accepts connections, if there are several. @throws Unreachable */
  async url(signal: AbortSignal): Promise<URL> {
    return url(await this.find(signal));
  }

  /** @throws an error that names the networks of both sides if no connection is accepted */
  async ask<T>(signal: AbortSignal, question: (base: URL) => Promise<T>): Promise<T> {
    const endpoint = await this.find(signal);
    try {
      return await question(url(endpoint));
    } catch (error) {
      if (!(error instanceof GluetunError) || !['timeout', 'unreachable'].includes(error.failure)) throw error;
      // A server that accepts a connection but does not answer hangs, so networks are not the reason.
      if (await accepts(endpoint, signal)) throw error;
      forgetAddress(this.reach, this.container);
      const { what, todo } = howToReach(this.reach, this.container);
      throw new GluetunError({ what: `${error.message}; ${what}`, todo }, error.failure);
    }
  }

  private find(signal: AbortSignal): Promise<Endpoint> {
    const { vpn, container, reach, deps } = this;
    const own = containerEnvironment(container.Config.Env ?? []).controlPort;
    return locate(reach, container, deps.controlPort(vpn) ?? own ?? CONTROL_PORT, signal);
  }
}
