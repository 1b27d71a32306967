import type { EngineRef, ListedEngine } from '../engine';
import type { Stream } from '../streams/stream';

/** `version` names one content; a caller that still has it is told so in a few bytes. */
export type Versioned<T> =
  | { readonly version: string; readonly unchanged: true }
  | { readonly version: string; readonly unchanged: false; readonly value: T };

/** An engine that is not listed but still is known: hidden, not ready, or being released, perhaps with streams. */
export type HiddenEngine = Pick<EngineRef, 'id' | 'name' | 'httpPort'>;

/**
 * `listed` is null before the first snapshot. `current`: the worker that is at work now has looked at the VPN. `replacesOnMove`: the task that
 * takes in another port begins to replace the forwarded engine, and hides it with that; absent: nothing is known of that.
 */
export interface EnginesView {
  readonly listed: readonly ListedEngine[] | null;
  readonly hidden: readonly HiddenEngine[];
  readonly current: boolean;
  readonly replacesOnMove?: boolean;
}

export interface ListsView {
  readonly engines: Versioned<EnginesView>;
  /** Those that run, and the last ones that have ended, oldest first. */
  readonly streams: Versioned<readonly Stream[]>;
}
