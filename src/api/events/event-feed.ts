import { setMaxListeners } from 'node:events';
import type { EventLog } from '../../domain/event-log';
import type { Position } from './feed-position';
import { EventFollower, type FollowerEvent } from './event-follower';
import { pauseUntil } from '../../lib/pause';
import type { VpnFollower } from '../reads/vpn-follower';

const RETRY_MS = 300;
/** A VPN whose history does not grow is queried after this time all the same. */
const QUIET_MS = 30_000;

interface Listener {
  readonly follower: EventFollower;
  /** Called with the events that are new to the listener. */
  readonly tell: (events: readonly FollowerEvent[]) => void;
}

/** The queries to all VPNs. Each VPN is queried independently, so that one that does not answer does not delay the others. */
interface Queries {
  readonly stop: AbortController;
  /** Resolves when each VPN has answered once, or failed to. */
  readonly firstAnswers: Promise<unknown>;
  readonly latest: Map<string, EventLog>;
}

/**
 * The events of all VPNs, for any number of listeners. A workflow is queried once for all listeners, when its history has grown, and
 * not at all while nobody listens. A failed query loses no event: each answer has all events that are kept, and each listener has its
 * position.
 */
export class EventFeed {
  private readonly listeners = new Set<Listener>();
  /** The number of listeners, including those that wait for the first answers. */
  private present = 0;
  private queries: Queries | null = null;

  constructor(private readonly followers: readonly VpnFollower[]) {}

  get size(): number {
    return this.present;
  }

  /**
   * Adds a listener, and resolves when it has begun.
   * @param from position after which to begin; null: now
   * @param begin called once, before any `tell`, with the id of the position where the listener begins
   * @param left aborted when the listener has gone
   */
  async listen(
    from: Position | null,
    { begin, tell, left }: { begin: (id: string) => void; tell: Listener['tell']; left: AbortSignal },
  ): Promise<void> {
    this.present++;
    this.queries ??= this.startQueries();
    const { latest, firstAnswers } = this.queries;
    await firstAnswers;
    const listener = { follower: new EventFollower(from, latest), tell };
    const leave = () => {
      this.listeners.delete(listener);
      if (--this.present > 0) return;
      this.queries?.stop.abort();
      this.queries = null;
    };
    if (left.aborted) {
      leave();
      return;
    }
    left.addEventListener('abort', leave, { once: true });
    this.listeners.add(listener);
    begin(listener.follower.id);
    for (const [vpn, answer] of latest) tellNew(listener, vpn, answer);
  }

  private startQueries(): Queries {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const latest = new Map<string, EventLog>();
    const firstAnswers = Promise.all(
      this.followers.map(
        (follower) =>
          new Promise<void>((answered) => void this.keepQuerying(follower, { latest, signal: stop.signal, answered })),
      ),
    );
    return { stop, latest, firstAnswers };
  }

  private async keepQuerying(
    follower: VpnFollower,
    { latest, signal, answered }: { latest: Map<string, EventLog>; signal: AbortSignal; answered: () => void },
  ): Promise<void> {
    while (!signal.aborted) {
      const { growths } = follower.history;
      try {
        const answer = await follower.source.events();
        if (signal.aborted) break;
        latest.set(follower.vpn, answer);
        for (const listener of this.listeners) tellNew(listener, follower.vpn, answer);
      } catch {
        // The error is not reported here: /vpn/status shows that the workflow does not answer.
        answered();
        await pauseUntil(RETRY_MS, signal);
        continue;
      }
      answered();
      await follower.history.grownSince(growths, QUIET_MS, signal);
    }
    answered();
  }
}

function tellNew({ follower, tell }: Listener, vpn: string, answer: EventLog): void {
  const fresh = follower.take(vpn, answer);
  if (fresh.length > 0) tell(fresh);
}
