import { randomBytes } from 'node:crypto';

/**
 * What this run calls its things. In Docker two runs must not meet, and a user's own `gluetun` must not be touched; on
 * the screen the names are short.
 */
export class RunNames {
  readonly runId = `demo-${randomBytes(3).toString('hex')}`;

  /** Such as `demo-1f2e3d-gluetun`. */
  inDocker(name: string): string {
    return `${this.runId}-${name}`;
  }

  shown(text: string): string {
    return text.replaceAll(`${this.runId}-`, '');
  }

  /** Portward's mark on engines. */
  get containerLabel(): string {
    return `portward.demo=${this.runId}`;
  }
}
