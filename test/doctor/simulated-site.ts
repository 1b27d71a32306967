import type Docker from 'dockerode';
import { startSimulatedDocker, type SimulatedDocker } from '../../simulator/docker/simulated-docker';
import { engineImage } from '../../simulator/engine-image';
import { freePorts } from '../../simulator/free-ports';
import { startSimulatedVpn, type SimulatedVpn, type SimulatedVpnOptions } from '../../simulator/vpn-container';
import type { Result } from '../../src/doctor/check';
import { diagnose } from '../../src/doctor/doctor';

export const NO_SIMULATED_DOCKER = process.platform === 'linux' ? null : 'a Docker in memory needs Linux';

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** A set-up in order: a simulated VPN in a Docker in memory, and the engines' image. */
export class SimulatedSite {
  private constructor(
    readonly simulated: SimulatedDocker,
    readonly image: string,
    readonly vpn: SimulatedVpn,
  ) {}

  static async start(options: Partial<SimulatedVpnOptions> = {}): Promise<SimulatedSite> {
    const simulated = await startSimulatedDocker();
    const image = await engineImage(simulated.docker, {}, 'doctor');
    const vpn = await startVpn(simulated.docker, { name: 'gluetun', ...options });
    await vpn.untilHealth('healthy');
    return new SimulatedSite(simulated, image, vpn);
  }

  get docker(): Docker {
    return this.simulated.docker;
  }

  startVpn(name: string, labels: Record<string, string> = {}): Promise<SimulatedVpn> {
    return startVpn(this.docker, { name, labels });
  }

  /** Runs the checks, without anything of this machine: no data folder, no `.env`, no running Portward. */
  async diagnosed(env: Record<string, string> = {}, dockerode = this.docker): Promise<Result[]> {
    const [port, temporal, ui] = await freePorts(3);
    return diagnose({
      env: {
        GLUETUN_CONTAINER_NAME: 'gluetun',
        GLUETUN_PORT_RANGE_1: '19000-19009',
        CONTAINER_REACH: 'network',
        ENGINE_IMAGE: this.image,
        APP_HOST: '127.0.0.1',
        APP_PORT: String(port),
        PORTWARD_TEMPORAL_PORT: String(temporal),
        PORTWARD_TEMPORAL_UI_PORT: String(ui),
        PORTWARD_DATA_DIR: __dirname,
        ...env,
      },
      folder: __dirname,
      askPortward: () => Promise.reject(new NoAnswer('nobody')),
      dockerode,
    });
  }

  /** All containers with their states, and all images. */
  async everything(): Promise<unknown[]> {
    const containers = await this.docker.listContainers({ all: true });
    const images = await this.docker.listImages();
    return [...containers.map(({ Id, State }) => [Id, State]), ...images.map(({ RepoTags }) => RepoTags)];
  }

  close(): Promise<void> {
    return this.simulated.close();
  }
}

function startVpn(docker: Docker, options: Partial<SimulatedVpnOptions> & { name: string }): Promise<SimulatedVpn> {
  const quick = { port: 65_290, startDelayMs: 0, healthIntervalMs: 100, controlPort: 18_000 };
  return startSimulatedVpn(docker, { runId: 'doctor', ...quick, env: { VPN_PORT_FORWARDING: 'on' }, ...options });
}

/** Ids of the checks with this verdict. */
export function amiss(results: readonly Result[], verdict: Result['verdict'] = 'wrong'): string[] {
  return results.filter((result) => result.verdict === verdict).map(({ id }) => id);
}

/** A check's findings, one on each line. */
export function found(results: readonly Result[], id: string): string {
  return results
    .filter((result) => result.id === id)
    .map(({ verdict, found: what, means, todo }) => [`${verdict}: ${what}`, means, todo].join(' | '))
    .join('\n');
}
