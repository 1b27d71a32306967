/** Why a stream has ended of which its engine knows nothing. Such streams are counted. */
export const FOUND_STALE = 'stale';

/** What a proxy says of an end, as it is kept: the proxy may call it what it likes, but it has not been found by us. */
export function reportedReason(reason: string | null): string | null {
  return reason === FOUND_STALE ? `reported as ${FOUND_STALE}` : reason;
}
