import type { GroundTruth } from './ground-truth';
import type { Processes } from './processes';
import type { Site } from './site';
import type { Watch } from './watch';

/** What a fault acts on, and where it is recorded. */
export interface Scene {
  readonly site: Site;
  readonly truth: GroundTruth;
  readonly watch: Watch;
  readonly processes: Processes;
  /** The harness, instead of Portward, brings back a lost port and a VPN's health. */
  readonly heal: boolean;
}

/** Causes a fault. Resolves with its result as a text; rejects if the fault was not possible. */
export type Injection = (scene: Scene) => Promise<string>;
