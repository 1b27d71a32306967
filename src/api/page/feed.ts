import { setMaxListeners } from 'node:events';
import type { EventLog } from '../../domain/event-log';
import { eventId, eventJson } from '../../domain/event-json';
import { pauseUntil } from '../../lib/pause';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import type { Read } from '../reads/read';
import type { Reads } from '../reads/reads';
import type { VpnFollower } from '../reads/vpn-follower';
import type { StreamHistory } from '../streams/stream-history';
import type { PageEvents, PageHello, ShownEvent, PageSample, PageVpn } from './state';
import { pageVpn, unknownPageVpn } from './vpn';

export interface PageFeedOptions {
  readonly reads: Reads;
  readonly samples: StreamHistory;
  readonly hello: Omit<PageHello, 'now' | 'vpns'>;
}

/** The shortest time between two updates of a VPN on the page. */
const UPDATE_EVERY_MS = 200;
/** How often to check whether the state of a VPN has become stale. */
const CHECK_EVERY_MS = 1_000;
/** The page does not mark a younger state as stale: on a busy machine the mark would flicker, and look like an alarm. */
const STALE_FROM_S = 2;
/** An unchanged VPN is looked at again after this time, because time alone changes some of what is shown. */
const REFRESH_EVERY_MS = 10_000;
const SAMPLES_EVERY_MS = 2_500;
const BEAT_EVERY_MS = 10_000;

type Say = (frame: string) => void;

/** A status, and the number of growths of the history (`FollowedHistory.growths`) at the time of its query. */
interface QueriedStatus {
  readonly growths: number;
  readonly status: Read<VpnStatusView>;
}

/** What was last sent to the pages about a VPN. */
interface Sent {
  frame: string;
  /** The JSON in `frame`. */
  json: string;
  staleSince: number | null;
  incarnation: string;
  /** Number of the newest event. */
  number: number;
  events: readonly ShownEvent[];
}

/**
 * Sends what the page shows, as it changes, to any number of open pages. A VPN's workflow is queried once for all pages, when its history
 * has grown by more than reports of streams. While no page is open, nothing is queried.
 */
export class PageFeed {
  private readonly pages = new Set<Say>();
  private readonly sent = new Map<string, Sent>();
  private sampled = new Map<string, number>();
  private samplesVersion = -1;
  private watching: AbortController | null = null;

  constructor(private readonly options: PageFeedOptions) {}

  get size(): number {
    return this.pages.size;
  }

  /**
   * @param say called with each frame, first with the whole state
   * @param left aborted when the page is closed
   */
  listen(say: Say, left: AbortSignal): void {
    const { reads, hello } = this.options;
    say(frame('hello', { now: Date.now(), vpns: reads.names, ...hello }));
    for (const name of reads.names) {
      const sent = this.sent.get(name);
      if (sent && this.watching) say(sent.frame + frame('events', sent.events));
    }
    if (this.watching) say(frame('samples', this.latest()));
    this.pages.add(say);
    left.addEventListener('abort', () => this.leave(say), { once: true });
    if (!this.watching) this.watch();
  }

  private leave(say: Say): void {
    this.pages.delete(say);
    if (this.pages.size > 0) return;
    this.watching?.abort();
    this.watching = null;
  }

  private watch(): void {
    const watching = new AbortController();
    setMaxListeners(0, watching.signal);
    this.watching = watching;
    this.sent.clear();
    this.sampled = new Map();
    this.samplesVersion = -1;
    for (const follower of this.options.reads.followers) void this.follow(follower, watching.signal);
    const timers = [
      setInterval(() => this.sendSamples(), SAMPLES_EVERY_MS),
      setInterval(() => this.say(frame('beat', { now: Date.now() })), BEAT_EVERY_MS),
    ];
    this.sendSamples();
    watching.signal.addEventListener('abort', () => timers.forEach(clearInterval), { once: true });
  }

  private async follow(follower: VpnFollower, signal: AbortSignal): Promise<void> {
    let queried: QueriedStatus | null = null;
    while (!signal.aborted) {
      const { growths } = follower.history;
      const updated: Read<VpnStatusView> | null = queried && (await withNewStreams(queried, follower));
      queried = updated && queried ? queried : await this.query(follower);
      if (signal.aborted) return;
      const status = updated ?? queried.status;
      this.send(follower.vpn, status);
      await pauseUntil(UPDATE_EVERY_MS, signal);
      const { kind } = status;
      const isMarked = this.sent.get(follower.vpn)?.staleSince !== null;
      const refreshAt = performance.now() + REFRESH_EVERY_MS;
      const isSame = () =>
        follower.history.growths === growths && follower.lists.read.kind === kind && (kind !== 'stale' || isMarked);
      while (!signal.aborted && isSame() && performance.now() < refreshAt)
        await follower.history.grownSince(growths, CHECK_EVERY_MS, signal);
    }
  }

  private async query({ vpn, history }: VpnFollower): Promise<QueriedStatus> {
    const { growths } = history;
    return { growths, status: await this.options.reads.status(vpn) };
  }

  private send(name: string, status: Read<VpnStatusView>): void {
    const before = this.sent.get(name);
    const staleSince = staleSinceOf(status, before?.staleSince ?? null);
    const vpn = this.shown(name, status, staleSince);
    const json = JSON.stringify(vpn);
    const sent: Sent = before ?? { frame: '', json: '', staleSince, incarnation: '', number: 0, events: [] };
    this.sent.set(name, sent);
    sent.staleSince = staleSince;
    if (json !== sent.json) {
      sent.json = json;
      sent.frame = frame('vpn', vpn);
      this.say(sent.frame);
    }
    if (status.kind !== 'none') this.sendEvents(name, sent, status.value);
  }

  private shown(name: string, status: Read<VpnStatusView>, staleSince: number | null): PageVpn {
    if (status.kind !== 'none') return pageVpn(status.value, staleSince, Date.now());
    return unknownPageVpn(name, status.reason);
  }

  private sendEvents(name: string, sent: Sent, { incarnation, events }: EventLog): void {
    const fresh = events.filter(({ number }) => sent.incarnation !== incarnation || number > sent.number);
    sent.events = events.map((item) => ({ id: eventId(incarnation, item.number), ...eventJson(name, item) }));
    sent.incarnation = incarnation;
    sent.number = events.at(-1)?.number ?? 0;
    const ids = new Set(fresh.map(({ number }) => eventId(incarnation, number)));
    if (ids.size > 0)
      this.say(
        frame(
          'events',
          sent.events.filter(({ id }) => ids.has(id)),
        ),
      );
  }

  private sendSamples(): void {
    const { samples } = this.options;
    if (samples.version === this.samplesVersion) return;
    this.samplesVersion = samples.version;
    const all = this.latest();
    const fresh = all.filter(([stream, at]) => this.sampled.get(stream) !== at);
    this.sampled = new Map(all.map(([stream, at]) => [stream, at]));
    if (fresh.length > 0) this.say(frame('samples', fresh));
  }

  private latest(): PageSample[] {
    return this.options.samples.newest().map(([stream, { at, peers, speedDown, speedUp }]) => {
      return [stream, at, peers, speedDown, speedUp];
    });
  }

  private say(text: string): void {
    for (const say of this.pages) say(text);
  }
}

/**
 * The queried status with the streams of the follower's lists, which saves another query. Null if something else than
 * streams may have changed since the query.
 */
async function withNewStreams(queried: QueriedStatus, follower: VpnFollower): Promise<Read<VpnStatusView> | null> {
  if (queried.status.kind !== 'fresh') return null;
  const { history, lists } = follower;
  await lists.caughtUp(UPDATE_EVERY_MS);
  const { read } = lists;
  if (lists.isBehind || history.growthOfMore > queried.growths || read.kind !== 'fresh') return null;
  return { kind: 'fresh', value: { ...queried.status.value, streams: read.value.streams.streams } };
}

/** Since when the state is stale. An earlier result is kept, because the age in whole seconds gives a slightly different time each time. */
function staleSinceOf(status: Read<unknown>, before: number | null): number | null {
  if (status.kind !== 'stale') return null;
  if (before === null && status.seconds < STALE_FROM_S) return null;
  return before ?? Date.now() - status.seconds * 1000;
}

/** One `data` line is enough, because JSON has no line breaks. */
function frame<E extends keyof PageEvents>(event: E, data: PageEvents[E]): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
