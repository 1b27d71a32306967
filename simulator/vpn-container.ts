// The host's side of a simulated Gluetun container.
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { askAdmin } from './admin-client';
import { ensureSimulatorImage } from './image';
import { removeContainer } from './remove-container';
import { rememberVpn } from './remove-simulation';
import { ensureRunNetwork } from './run-network';
import { containerOptions, controlPortOf, isPublished } from './vpn-container-options';
import type { SimulatedVpnOptions } from './vpn-container-options';
import { VpnRequests } from './vpn-requests';
import { ADMIN_PORT } from './vpn/messages';
import type { Auth, Release } from './vpn/messages';

export { removeSimulation } from './remove-simulation';
export type { SimulatedVpnOptions } from './vpn-container-options';
export type * from './vpn/messages';

/** Fifteen VPNs may start at once on a busy machine. */
const START_LIMIT_MS = 120_000;
/** The interval of polling while waiting for a container. */
const LOOK_MS = 50;

/** Resolves when the control server answers; the tunnel comes up `startDelayMs` after the start. */
export async function startSimulatedVpn(docker: Docker, options: SimulatedVpnOptions): Promise<SimulatedVpn> {
  const image = await ensureSimulatorImage(docker);
  if (options.network !== undefined) await ensureRunNetwork(docker, options.runId, options.network);
  const vpn = new SimulatedVpn(docker, options, image);
  await vpn.recreate();
  return vpn;
}

export class SimulatedVpn extends VpnRequests {
  #containerId = '';
  #address = '';
  #controlUrl = '';
  #adminUrl = '';

  /** Makes no container yet: see startSimulatedVpn. */
  constructor(
    private readonly docker: Docker,
    private options: SimulatedVpnOptions,
    private readonly image: string,
  ) {
    super();
  }

  get name(): string {
    return this.options.name;
  }

  /** Changes with `recreate`. */
  get containerId(): string {
    return this.#containerId;
  }

  /** The address at which the host reaches the container and the engines in its network. It may change with a restart. */
  get address(): string {
    return this.#address;
  }

  /** Gluetun's control server as the host reaches it, such as `http://172.17.0.2:8000`. */
  get controlUrl(): string {
    return this.#controlUrl;
  }

  /** Resolves when Docker reports this health. Rejects after the limit. */
  async untilHealth(health: 'starting' | 'healthy' | 'unhealthy', limitMs = START_LIMIT_MS): Promise<void> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const { State } = await this.#container.inspect();
      if (State.Health?.Status === health) return;
      if (Date.now() > deadline) {
        throw new Error(`${this.name}: expected Docker to say ${health}, found ${State.Health?.Status}`);
      }
      await sleep(LOOK_MS);
    }
  }

  /** `docker stop`: runs the down-command. */
  async stop(): Promise<void> {
    await this.#container.stop();
  }

  /** `docker kill`: runs nothing. */
  async kill(): Promise<void> {
    await this.#container.kill();
  }

  async start(): Promise<void> {
    await this.#container.start();
    if (this.options.crashesWith !== undefined) return;
    await this.untilAnswering();
  }

  /** `docker restart`: the same id, a new network namespace, and the provider's latest port. */
  async restart(): Promise<void> {
    await this.#container.restart();
    await this.untilAnswering();
  }

  /** Removes the container, if there is one, and makes it again, with the same name and a new id. */
  async recreate(): Promise<void> {
    await this.remove();
    const container = await this.docker.createContainer(containerOptions(this.options, this.image));
    this.#containerId = container.id;
    rememberVpn(this.options.runId, container.id, this.name);
    await this.start();
  }

  /** Makes the container again without `crashesWith`, so that it runs. */
  async mend(): Promise<void> {
    const { crashesWith: _, ...others } = this.options;
    this.options = others;
    await this.recreate();
  }

  /** Makes the container again with another release and the same ports. Default `auth`: unconfigured, so master answers 401. */
  async upgrade(release: Release, auth: Auth = { mode: 'unconfigured' }): Promise<void> {
    this.options = { ...this.options, release, auth };
    await this.recreate();
  }

  /** Removes only the VPN: its engines stay, without a network, until removeSimulation. */
  async remove(): Promise<void> {
    if (this.#containerId !== '') await removeContainer(this.docker, this.#containerId);
  }

  /**
   * Resolves when the admin server answers, also at a new address. For containers that something else has started, such as Docker's
   * restart policy. Rejects if the container does not run.
   */
  async untilAnswering(): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MS;
    for (;;) {
      const info = await this.relocate();
      if (!info.State.Running) {
        const log = await this.#container.logs({ stdout: true, stderr: true, tail: 20 });
        throw new Error(`${this.name}: expected a running container, found ${info.State.Status}:\n${log.toString()}`);
      }
      try {
        await askAdmin(`${this.#adminUrl}/state`, { limitMs: 1000 });
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await sleep(LOOK_MS);
    }
  }

  /** Reads the container's address again: every start may change it, also one by Docker or Portward. */
  async relocate(): Promise<Docker.ContainerInspectInfo> {
    const info = await this.#container.inspect();
    if (info.State.Running) this.#locate(info);
    return info;
  }

  get #container(): Docker.Container {
    return this.docker.getContainer(this.#containerId);
  }

  protected get adminUrl(): string {
    return this.#adminUrl;
  }

  protected get adminLimitMs(): number | undefined {
    return this.options.adminLimitMs;
  }

  protected rememberPorts(ports: number[]): void {
    this.options = { ...this.options, port: ports };
  }

  #locate(info: Docker.ContainerInspectInfo): void {
    const published = isPublished(this.options);
    const [endpoint] = Object.values(info.NetworkSettings.Networks);
    this.#address = published ? '127.0.0.1' : (endpoint?.IPAddress ?? '');
    const url = (port: number): string => {
      const hostPort = info.NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort;
      return `http://${this.#address}:${published ? (hostPort ?? '') : port}`;
    };
    this.#controlUrl = url(controlPortOf(this.options));
    this.#adminUrl = url(ADMIN_PORT);
  }
}
