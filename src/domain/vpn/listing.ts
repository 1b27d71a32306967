import type { EngineRef, ListedEngine } from '../engine';
import type { Stream } from '../streams/stream';

/** `version` names one content. A caller that has it already is answered in a few bytes that nothing has changed. */
export type Versioned<T> =
  | { readonly version: string; readonly unchanged: true }
  | { readonly version: string; readonly unchanged: false; readonly value: T };

/** An engine that exists and is not listed: it is hidden, not ready or being released, and may have streams. */
export type HiddenEngine = Pick<EngineRef, 'id' | 'name' | 'httpPort'>;

/**
 * `listed`: null before the first complete snapshot. `current`: the present worker has taken a snapshot; false: the view may be out of date.
 * `replacesOnMove`: as soon as another port is observed, the forwarded engine is hidden and replaced; absent: not known.
 */
export interface EnginesView {
  readonly listed: readonly ListedEngine[] | null;
  readonly hidden: readonly HiddenEngine[];
  readonly current: boolean;
  readonly replacesOnMove?: boolean;
}

export interface ListsView {
  readonly engines: Versioned<EnginesView>;
  /** Streams that run, and the last ones that have ended, oldest first. */
  readonly streams: Versioned<readonly Stream[]>;
}
