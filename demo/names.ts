import { randomBytes } from 'node:crypto';

/**
 * The names of this run. In Docker they have the run's id, so that two runs, or a run and a user's own `gluetun`, do not
 * collide. On the screen they are shown without it.
 */
export class RunNames {
  readonly runId = `demo-${randomBytes(3).toString('hex')}`;

  /** The name in Docker, such as `demo-1f2e3d-gluetun`. */
  inDocker(name: string): string {
    return `${this.runId}-${name}`;
  }

  shown(text: string): string {
    return text.replaceAll(`${this.runId}-`, '');
  }

  /** CONTAINER_LABEL of this run. */
  get containerLabel(): string {
    return `portward.demo=${this.runId}`;
  }
}
