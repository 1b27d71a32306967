import type { FastifyReply } from 'fastify';

/** What a reader gets: the last value, and for how long it may have been out of date. */
export type Read<T> =
  | { readonly kind: 'fresh'; readonly value: T }
  | { readonly kind: 'stale'; readonly value: T; readonly seconds: number }
  | { readonly kind: 'none'; readonly reason: string };

/** Says of an answer how old it is. @param staleSeconds null: it is not */
export function markStale(reply: FastifyReply, staleSeconds: number | null): void {
  if (staleSeconds !== null) void reply.header('X-Portward-Stale', String(staleSeconds));
}

/** How old the oldest of these is; what is not known at all has no age, and makes an answer stale too. Null: all are fresh. */
export function staleSecondsOf(reads: readonly Read<unknown>[]): number | null {
  const old = reads.filter((read) => read.kind !== 'fresh');
  return old.length === 0 ? null : Math.max(...old.map((read) => (read.kind === 'stale' ? read.seconds : 0)));
}
