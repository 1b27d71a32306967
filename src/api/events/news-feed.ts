import { setMaxListeners } from 'node:events';
import type { NewsAnswer } from '../../domain/news';
import type { Position } from './feed-position';
import { NewsFollower, type Told } from './news-follower';
import { pauseUntil } from '../../lib/pause';
import type { VpnFollower } from '../reads/vpn-follower';

/** Lost is nothing: each answer has all that is kept. */
const ASK_AGAIN_MS = 300;
/** A VPN of which nothing is heard is asked all the same. */
const QUIET_MS = 30_000;

/** One who listens: `tell` is given what is new to them, as it comes. */
interface Listener {
  readonly follower: NewsFollower;
  readonly tell: (told: readonly Told[]) => void;
}

/** Asks every VPN for itself: one that does not answer holds up the others' news no more than a question's deadline. */
interface Asking {
  readonly stop: AbortController;
  /** Each VPN has answered, or failed to. */
  readonly once: Promise<unknown>;
  readonly latest: Map<string, NewsAnswer>;
}

/**
 * What happens on the VPNs, for any number of listeners: a workflow is asked for all of them together, when its history has
 * grown, and not at all while nobody listens. Nothing is lost by a question that fails: each answer has all that is kept, and
 * every listener knows what it had.
 */
export class NewsFeed {
  private readonly listeners = new Set<Listener>();
  /** Listeners, and those who are about to be. */
  private present = 0;
  private asking: Asking | null = null;

  constructor(private readonly followers: readonly VpnFollower[]) {}

  get size(): number {
    return this.present;
  }

  /**
   * @param from null: from now on
   * @param begin called once, before any `tell`, with the id of where it begins
   * @param left aborted when they no longer listen
   */
  async listen(
    from: Position | null,
    { begin, tell, left }: { begin: (id: string) => void; tell: Listener['tell']; left: AbortSignal },
  ): Promise<void> {
    this.present++;
    this.asking ??= this.ask();
    const { latest, once } = this.asking;
    await once;
    const listener = { follower: new NewsFollower(from, latest), tell };
    const leave = () => {
      this.listeners.delete(listener);
      if (--this.present > 0) return;
      this.asking?.stop.abort();
      this.asking = null;
    };
    if (left.aborted) {
      leave();
      return;
    }
    left.addEventListener('abort', leave, { once: true });
    this.listeners.add(listener);
    begin(listener.follower.id);
    for (const [vpn, answer] of latest) hear(listener, vpn, answer);
  }

  private ask(): Asking {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const latest = new Map<string, NewsAnswer>();
    const once = Promise.all(
      this.followers.map(
        (follower) =>
          new Promise<void>((asked) => void this.keepAsking(follower, { latest, signal: stop.signal, asked })),
      ),
    );
    return { stop, latest, once };
  }

  private async keepAsking(
    follower: VpnFollower,
    { latest, signal, asked }: { latest: Map<string, NewsAnswer>; signal: AbortSignal; asked: () => void },
  ): Promise<void> {
    while (!signal.aborted) {
      const { growths } = follower;
      try {
        const answer = await follower.source.news();
        if (signal.aborted) break;
        latest.set(follower.vpn, answer);
        for (const listener of this.listeners) hear(listener, follower.vpn, answer);
      } catch {
        // That a VPN's workflow does not answer is told by /vpn/status.
        asked();
        await pauseUntil(ASK_AGAIN_MS, signal);
        continue;
      }
      asked();
      await follower.grownSince(growths, QUIET_MS, signal);
    }
    asked();
  }
}

function hear({ follower, tell }: Listener, vpn: string, answer: NewsAnswer): void {
  const told = follower.take(vpn, answer);
  if (told.length > 0) tell(told);
}
