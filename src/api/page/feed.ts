import { setMaxListeners } from 'node:events';
import { vpnWorkflowId } from '../../domain/names';
import type { NewsAnswer } from '../../domain/news';
import { newsId, newsJson } from '../../domain/news-json';
import { pauseUntil } from '../../lib/pause';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import type { Read } from '../reads/read';
import type { Reads } from '../reads/reads';
import type { VpnFollower } from '../reads/vpn-follower';
import type { StreamHistory } from '../streams/stream-history';
import type { PageEvents, PageHello, PageNews, PageSample, PageVpn } from './state';
import { pageVpn, unknownPageVpn } from './vpn';

export interface PageFeedOptions {
  readonly reads: Reads;
  readonly samples: StreamHistory;
  readonly hello: Omit<PageHello, 'now' | 'vpns'>;
}

/** Who looks at a page sees no more often than this. */
const SPACING_MS = 200;
/** Whether what is known has become stale is seen that soon. */
const LOOK_EVERY_MS = 1_000;
/** People would take a mark that comes and goes on a busy machine for an alarm. */
const STALE_FROM_S = 2;
/** Time alone changes some of what is shown. */
const SHOW_AGAIN_MS = 10_000;
const SAMPLES_EVERY_MS = 2_500;
const BEAT_EVERY_MS = 10_000;

type Say = (frame: string) => void;

/** The workflow's last answer, and the growth of its history that it was asked after. */
interface Asked {
  readonly growth: number;
  readonly status: Read<VpnStatusView>;
}

/** What pages have been told of a VPN last. */
interface Told {
  frame: string;
  of: string;
  staleSince: number | null;
  lineage: string;
  number: number;
  news: readonly PageNews[];
}

/**
 * What the page shows, as it changes, for any number of pages. A VPN's workflow is asked once for all of them when its history has
 * grown by more than streams, and not at all while nobody looks.
 */
export class PageFeed {
  private readonly pages = new Set<Say>();
  private readonly told = new Map<string, Told>();
  private sampled = new Map<string, number>();
  private samplesVersion = -1;
  private watching: AbortController | null = null;

  constructor(private readonly options: PageFeedOptions) {}

  get size(): number {
    return this.pages.size;
  }

  /** @param say given each frame, all that is known first @param left aborted when nobody reads any more */
  listen(say: Say, left: AbortSignal): void {
    const { reads, hello } = this.options;
    say(frame('hello', { now: Date.now(), vpns: reads.names, ...hello }));
    for (const name of reads.names) {
      const told = this.told.get(name);
      if (told && this.watching) say(told.frame + frame('news', told.news));
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
    this.told.clear();
    this.sampled = new Map();
    this.samplesVersion = -1;
    for (const follower of this.options.reads.followers) void this.follow(follower, watching.signal);
    const timers = [
      setInterval(() => this.tellSamples(), SAMPLES_EVERY_MS),
      setInterval(() => this.say(frame('beat', { now: Date.now() })), BEAT_EVERY_MS),
    ];
    this.tellSamples();
    watching.signal.addEventListener('abort', () => timers.forEach(clearInterval), { once: true });
  }

  private async follow(follower: VpnFollower, signal: AbortSignal): Promise<void> {
    let asked: Asked | null = null;
    while (!signal.aborted) {
      const { growths } = follower;
      const known: Read<VpnStatusView> | null = asked && (await withStreams(asked, follower));
      asked = known && asked ? asked : await this.ask(follower);
      if (signal.aborted) return;
      const status = known ?? asked.status;
      this.tell(follower.vpn, status);
      await pauseUntil(SPACING_MS, signal);
      const { kind } = status;
      const isMarked = this.told.get(follower.vpn)?.staleSince !== null;
      const showAgainAt = performance.now() + SHOW_AGAIN_MS;
      const isSame = () =>
        follower.growths === growths && follower.read.kind === kind && (kind !== 'stale' || isMarked);
      while (!signal.aborted && isSame() && performance.now() < showAgainAt)
        await follower.grownSince(growths, LOOK_EVERY_MS, signal);
    }
  }

  private async ask({ vpn, growths }: VpnFollower): Promise<Asked> {
    return { growth: growths, status: await this.options.reads.status(vpn) };
  }

  private tell(name: string, status: Read<VpnStatusView>): void {
    const before = this.told.get(name);
    const staleSince = staleSinceOf(status, before?.staleSince ?? null);
    const vpn = this.shown(name, status, staleSince);
    const of = JSON.stringify(vpn);
    const told: Told = before ?? { frame: '', of: '', staleSince, lineage: '', number: 0, news: [] };
    this.told.set(name, told);
    told.staleSince = staleSince;
    if (of !== told.of) {
      told.of = of;
      told.frame = frame('vpn', vpn);
      this.say(told.frame);
    }
    if (status.kind !== 'none') this.tellNews(name, told, status.value);
  }

  private shown(name: string, status: Read<VpnStatusView>, staleSince: number | null): PageVpn {
    if (status.kind !== 'none') return pageVpn(status.value, staleSince, Date.now());
    return unknownPageVpn(name, vpnWorkflowId(this.options.hello.instance, name), status.reason);
  }

  private tellNews(name: string, told: Told, { lineage, news }: NewsAnswer): void {
    const fresh = news.filter(({ number }) => told.lineage !== lineage || number > told.number);
    told.news = news.map((item) => ({ id: newsId(lineage, item.number), ...newsJson(name, item) }));
    told.lineage = lineage;
    told.number = news.at(-1)?.number ?? 0;
    const ids = new Set(fresh.map(({ number }) => newsId(lineage, number)));
    if (ids.size > 0)
      this.say(
        frame(
          'news',
          told.news.filter(({ id }) => ids.has(id)),
        ),
      );
  }

  private tellSamples(): void {
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

/** Where nothing but streams has changed since, those are in the lists, and nobody has to be asked. Null: more has changed. */
async function withStreams(asked: Asked, follower: VpnFollower): Promise<Read<VpnStatusView> | null> {
  if (asked.status.kind !== 'fresh') return null;
  await follower.caughtUp(SPACING_MS);
  const { read } = follower;
  if (follower.isBehind || follower.growthOfMore > asked.growth || read.kind !== 'fresh') return null;
  const { streams, engines } = read.value;
  const usedAt = new Map(engines.engines.map((e) => [e.id, e.lastUsedAt]));
  const view = asked.status.value;
  const used = view.engines.map((e) => ({ ...e, lastUsedAt: usedAt.get(e.id) ?? e.lastUsedAt }));
  return { kind: 'fresh', value: { ...view, streams: streams.streams, engines: used } };
}

/** What was said of it before stands: each answer tells the same age a little differently. */
function staleSinceOf(status: Read<unknown>, before: number | null): number | null {
  if (status.kind !== 'stale') return null;
  if (before === null && status.seconds < STALE_FROM_S) return null;
  return before ?? Date.now() - status.seconds * 1000;
}

/** JSON has no line breaks, so one line of data is enough. */
function frame<E extends keyof PageEvents>(event: E, data: PageEvents[E]): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
