import { ensureSimulatorImage, NODE } from '../../../simulator/image';
import { RUN_LABEL } from '../../../simulator/run-label';
import type { ContainerToCreate } from '../../../src/clients/docker/docker-host';
import { Simulation } from '../../simulator/simulation';

/** Containers of one run on the real Docker; `remove` in afterAll takes them all away, and nothing else. */
export class Containers extends Simulation {
  /** On every container of the run, for `list` and for the sweep. */
  readonly runLabel = `${RUN_LABEL}=${this.runId}`;

  private nextPort = 19_000;

  /** A running container with a network of its own, as a VPN has; SIGTERM does nothing to it. */
  async startNetwork(): Promise<string> {
    const container = await this.docker.createContainer({
      name: this.name('network'),
      Image: await ensureSimulatorImage(this.docker),
      Entrypoint: [NODE, '-e', 'setInterval(() => undefined, 1000)'],
      Labels: { [RUN_LABEL]: this.runId },
    });
    await container.start();
    return container.id;
  }

  /** The simulated engine, on an HTTP port of its own. */
  async engine(networkOf: string, change: Partial<ContainerToCreate> = {}): Promise<ContainerToCreate> {
    return {
      name: this.name('engine'),
      image: await ensureSimulatorImage(this.docker),
      command: null,
      volumes: [],
      networkOf,
      ...change,
      env: [`HTTP_PORT=${this.nextPort++}`, ...(change.env ?? [])],
      labels: { ...change.labels, [RUN_LABEL]: this.runId },
    };
  }
}
