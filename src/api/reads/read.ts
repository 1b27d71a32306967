import type { FastifyReply } from 'fastify';

/** The last known value. If `stale`, it may have been out of date for that many seconds; if `none`, there is no value. */
export type Read<T> =
  | { readonly kind: 'fresh'; readonly value: T }
  | { readonly kind: 'stale'; readonly value: T; readonly seconds: number }
  | { readonly kind: 'none'; readonly reason: string };

/** Sets the header X-Portward-Stale on a stale answer. @param staleSeconds null: the answer is fresh */
export function markStale(reply: FastifyReply, staleSeconds: number | null): void {
  if (staleSeconds !== null) void reply.header('X-Portward-Stale', String(staleSeconds));
}

/** The age of the oldest value in seconds; null if all are fresh. A missing value makes the answer stale with age 0. */
export function staleSecondsOf(reads: readonly Read<unknown>[]): number | null {
  const old = reads.filter((read) => read.kind !== 'fresh');
  return old.length === 0 ? null : Math.max(...old.map((read) => (read.kind === 'stale' ? read.seconds : 0)));
}
