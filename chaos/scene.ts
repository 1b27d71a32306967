import type { GroundTruth } from './ground-truth';
import type { Processes } from './processes';
import type { Site } from './site';
import type { Watch } from './watch';

/** What a fault is done to, and by whom it is seen. */
export interface Scene {
  readonly site: Site;
  readonly truth: GroundTruth;
  readonly watch: Watch;
  readonly processes: Processes;
  /** The harness itself ends what Portward is to end: a port that is lost, a VPN that stays unhealthy. */
  readonly heal: boolean;
}

/** Says what came of a fault; throws when it could not be done. */
export type Injection = (scene: Scene) => Promise<string>;
