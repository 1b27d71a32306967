/** End reason of a stream that its engine does not know any more. Such streams are counted. */
export const FOUND_STALE = 'stale';

/** The end reason that a proxy reports, as it is kept. A proxy may report any word, but only Portward itself finds streams stale. */
export function reportedReason(reason: string | null): string | null {
  return reason === FOUND_STALE ? `reported as ${FOUND_STALE}` : reason;
}
