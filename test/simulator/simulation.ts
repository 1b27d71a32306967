// The containers of one run on a Docker; `remove` removes all of them.
import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import { ensureSimulatorImage } from '../../simulator/image';
import { removeSimulation, startSimulatedVpn } from '../../simulator/vpn-container';
import type { SimulatedVpn, SimulatedVpnOptions } from '../../simulator/vpn-container';

export class Simulation {
  readonly runId = `pw-${randomBytes(4).toString('hex')}`;
  #made = 0;

  /** @param network the network of its VPNs; default: Docker's default bridge */
  constructor(
    readonly docker = new Docker(),
    private readonly network?: string,
  ) {}

  name(what: string): string {
    return `${this.runId}-${what}-${this.#made++}`;
  }

  startVpn(options: Partial<SimulatedVpnOptions> = {}): Promise<SimulatedVpn> {
    const network = this.network === undefined ? {} : { network: this.network };
    const own = { runId: this.runId, name: this.name('vpn'), port: 5001, ...network };
    return startSimulatedVpn(this.docker, { ...own, ...options });
  }

  /** Starts an engine as Portward does: in the VPN's network namespace, with the image's own entry point. */
  async startEngine(vpn: SimulatedVpn, env: Record<string, string>, command: string[] = []): Promise<Docker.Container> {
    const engine = await this.docker.createContainer({
      name: this.name('engine'),
      Image: await ensureSimulatorImage(this.docker),
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      Cmd: command,
      HostConfig: { NetworkMode: `container:${vpn.containerId}` },
    });
    await engine.start();
    return engine;
  }

  remove(): Promise<void> {
    return removeSimulation(this.docker, this.runId);
  }
}

/** Everything that a container has printed. */
export async function logsOf(container: Docker.Container): Promise<string> {
  return (await container.logs({ stdout: true, stderr: true })).toString();
}
