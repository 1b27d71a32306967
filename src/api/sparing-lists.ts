import type { VpnLists, VpnSource } from './vpn-source';

/** Who asks again within this is one who asks all the time. */
const OFTEN_MS = 200;
/**
 * How long a worker that has answered is taken to be there. With the deadline of a query, by which a dead one is found out,
 * it is less than the second that Portward takes at least to look at a VPN again.
 */
const WORKER_TRUSTED_MS = 300;

/**
 * Asks for a VPN's lists. A workflow's state is made by its history and nothing else. Temporal answers a query only when no
 * workflow task is left to do; so if the history ends now where it ended before the query was sent, none is left now either,
 * nothing waits to be written down, and the workflow would answer as before. Where the history ends the server knows by
 * itself; a query costs it several times as much, and the worker's time besides.
 */
export class SparingLists {
  private askedAt = -Infinity;
  private answer: { readonly lists: VpnLists; readonly position: string; readonly sentAt: number } | null = null;

  constructor(
    private readonly source: Pick<VpnSource, 'lists' | 'position'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws as the source does */
  async ask(previous: VpnLists | null): Promise<VpnLists> {
    const sentAt = this.now();
    const often = sentAt - this.askedAt < OFTEN_MS;
    this.askedAt = sentAt;
    // Before the question: what happens in between is in the answer, and further on in the history than this.
    const position = often ? await this.source.position().catch(() => null) : null;
    const { answer } = this;
    const isTrusted = answer !== null && sentAt - answer.sentAt < WORKER_TRUSTED_MS;
    if (isTrusted && answer.lists === previous && answer.position === position) return previous;
    const lists = await this.source.lists(previous);
    this.answer = position === null ? null : { lists, position, sentAt };
    return lists;
  }
}
