import { ensureSimulatorImage, NODE } from '../../../simulator/image';
import { RUN_LABEL } from '../../../simulator/run-label';
import type { ContainerToCreate } from '../../../src/clients/docker/docker-host';
import { Simulation } from '../../simulator/simulation';

/** Containers of one test run on the real Docker. `remove` in afterAll removes these, and no others. */
export class Containers extends Simulation {
  /** The label of every container of the run, for `list` and for the removal. */
  readonly runLabel = `${RUN_LABEL}=${this.runId}`;

  private nextPort = 19_000;

  /** A running container with a network of its own, like a VPN's. It ignores SIGTERM. */
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

  /** The simulated engine, on its own HTTP port. */
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
