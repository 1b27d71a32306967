// Names of what workers measure with the Temporal SDK's meters. `/metrics` shows counters with `_total` at the end.

export const measure = {
  replacements: 'portward_replacements',
  replacementFailures: 'portward_replacement_failures',
  portChanges: 'portward_port_changes',
  changeToHidden: 'portward_port_change_hidden_seconds',
  changeToReady: 'portward_port_change_ready_seconds',
  unforwarded: 'portward_unforwarded_seconds',
  remedies: 'portward_remedies',
  portReads: 'portward_port_reads',
} as const;

/** In seconds, from what a quick port change takes to what is clearly too long. */
const CHANGE_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 30, 60];
/** In seconds. A VPN may be without a forwarded engine for hours, when its provider gives it no port. */
const GAP_BUCKETS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 900, 3600];

/** Bounds of the histograms' buckets, in seconds. */
export const buckets: Readonly<Record<string, number[]>> = {
  [measure.changeToHidden]: CHANGE_BUCKETS,
  [measure.changeToReady]: CHANGE_BUCKETS,
  [measure.unforwarded]: GAP_BUCKETS,
};
