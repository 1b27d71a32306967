/** What is added to a history at once: by one answer of the server, by all pages of a run that is first seen, or during a failure. */
export interface Growth {
  /**
   * No workflow task is pending. The state changes only in workflow tasks, so it stays as it is until the history grows again.
   * False: a pending task is about to change the state.
   */
  readonly settled: boolean;
  /** A message to the workflow was added, whose sender may have its answer by now. Or a new run has begun. */
  readonly hasMessage: boolean;
  /** Child workflows that the workflow has started, oldest first. */
  readonly startedChildren: readonly StartedChild[];
  /** Completed activities, oldest first, without those that ended after the workflow had started a newer one of the same type. */
  readonly completedActivities: readonly CompletedActivity[];
  /** Names of the added signals, if nothing else can have changed the workflow's state; otherwise null. */
  readonly onlySignals: readonly string[] | null;
}

export interface StartedChild {
  readonly type: string;
  /** The child's first argument; null if it can't be decoded. */
  readonly input: unknown;
}

export interface CompletedActivity {
  readonly type: string;
  /** Null if it can't be decoded. */
  readonly result: unknown;
}

/** One growth of two, the older one first. */
export function both(older: Growth, newer: Growth): Growth {
  const areSignals = older.onlySignals !== null && newer.onlySignals !== null;
  return {
    settled: newer.settled,
    hasMessage: older.hasMessage || newer.hasMessage,
    startedChildren: [...older.startedChildren, ...newer.startedChildren],
    completedActivities: [...older.completedActivities, ...newer.completedActivities],
    onlySignals: areSignals ? [...older.onlySignals, ...newer.onlySignals] : null,
  };
}
