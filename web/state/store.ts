import { batch, computed, signal, type Signal } from '@preact/signals';
import type { PageEvents, PageHello, PageNews, PageSample, PageVpn } from '../../src/api/page/state';
import { withNews } from '../logic/news';

// All that the page knows. Parts of it read signals, and are drawn again when those change.

/** Null: nothing has been heard yet. */
export const hello = signal<PageHello | null>(null);
const known = signal<ReadonlyMap<string, PageVpn>>(new Map());
export const news = signal<readonly PageNews[]>([]);

/** `lost`: what is shown is of `heardAt`. */
export const link = signal<'connecting' | 'live' | 'lost'>('connecting');
export const heardAt = signal(0);

/** In the order of the configuration. */
export const vpns = computed(() => (hello.value?.vpns ?? []).flatMap((name) => known.value.get(name) ?? []));

/** How many milliseconds Portward's clock is ahead of this one. */
const ahead = signal(0);

/** By Portward's clock, each second. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now() + ahead.peek()), 1_000);

/** Samples of streams that are kept here, for lines of some minutes. */
const SAMPLES_AT_MOST = 60;
const samples = new Map<string, Signal<readonly PageSample[]>>();

export function samplesOf(stream: string): Signal<readonly PageSample[]> {
  const there = samples.get(stream) ?? signal<readonly PageSample[]>([]);
  samples.set(stream, there);
  return there;
}

/** What the API has kept of a stream, before what has been heard since. */
export function withEarlier(stream: string, earlier: readonly PageSample[]): void {
  const line = samplesOf(stream);
  const since = line.peek()[0]?.[1] ?? Infinity;
  line.value = [...earlier.filter(([, at]) => at < since), ...line.peek()].slice(-SAMPLES_AT_MOST);
}

export function heard<E extends keyof PageEvents>(event: E, data: PageEvents[E]): void {
  batch(() => {
    heardAt.value = Date.now();
    link.value = 'live';
    const take: Take = takes[event];
    take(data as never);
  });
}

type Take = (data: never) => void;

const takes: { readonly [E in keyof PageEvents]: (data: PageEvents[E]) => void } = {
  hello: (data) => {
    hello.value = data;
    setClock(data.now);
    const names = new Set(data.vpns);
    known.value = new Map([...known.value].filter(([name]) => names.has(name)));
  },
  vpn: (vpn) => {
    known.value = new Map(known.value).set(vpn.name, vpn);
  },
  news: (items) => {
    news.value = withNews(news.value, items);
  },
  samples: (all) => {
    for (const sample of all) {
      const line = samplesOf(sample[0]);
      if (line.peek().at(-1)?.[1] === sample[1]) continue;
      line.value = [...line.peek(), sample].slice(-SAMPLES_AT_MOST);
    }
  },
  beat: (data) => setClock(data.now),
};

function setClock(portwards: number): void {
  ahead.value = portwards - Date.now();
  now.value = portwards;
}

/** Of streams that are gone. */
export function forgetSamples(): void {
  const there = new Set(vpns.peek().flatMap(({ streams }) => streams.map((s) => s.id)));
  for (const id of samples.keys()) if (!there.has(id)) samples.delete(id);
}
