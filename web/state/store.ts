import { batch, computed, signal, type Signal } from '@preact/signals';
import type { PageEvents, PageHello, ShownEvent, PageSample, PageVpn } from '../../src/api/page/state';
import { withEvents } from '../logic/events';

// The page's data, as signals. A component that reads a signal is drawn again when the signal changes.

/** Null until the first event. */
export const hello = signal<PageHello | null>(null);
const vpnsByName = signal<ReadonlyMap<string, PageVpn>>(new Map());
export const events = signal<readonly ShownEvent[]>([]);

export const link = signal<'connecting' | 'live' | 'lost'>('connecting');
/** When the last event arrived, by the browser's clock. */
export const lastEventAt = signal(0);

/** In the order of the configuration. */
export const vpns = computed(() => (hello.value?.vpns ?? []).flatMap((name) => vpnsByName.value.get(name) ?? []));

/** How many milliseconds Portward's clock is ahead of the browser's. */
const ahead = signal(0);

/** The time of Portward's clock, updated every second. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now() + ahead.peek()), 1_000);

/** The number of samples kept of each stream, which cover some minutes. */
const SAMPLES_AT_MOST = 60;
const samples = new Map<string, Signal<readonly PageSample[]>>();

export function samplesOf(stream: string): Signal<readonly PageSample[]> {
  const there = samples.get(stream) ?? signal<readonly PageSample[]>([]);
  samples.set(stream, there);
  return there;
}

/** Puts the samples that the API has kept before those that have arrived since. */
export function addEarlierSamples(stream: string, earlier: readonly PageSample[]): void {
  const line = samplesOf(stream);
  const since = line.peek()[0]?.[1] ?? Infinity;
  line.value = [...earlier.filter(([, at]) => at < since), ...line.peek()].slice(-SAMPLES_AT_MOST);
}

export function apply<E extends keyof PageEvents>(event: E, data: PageEvents[E]): void {
  batch(() => {
    lastEventAt.value = Date.now();
    link.value = 'live';
    const handler: Handler = handlers[event];
    handler(data as never);
  });
}

type Handler = (data: never) => void;

const handlers: { readonly [E in keyof PageEvents]: (data: PageEvents[E]) => void } = {
  hello: (data) => {
    hello.value = data;
    setClock(data.now);
    const names = new Set(data.vpns);
    vpnsByName.value = new Map([...vpnsByName.value].filter(([name]) => names.has(name)));
  },
  vpn: (vpn) => {
    vpnsByName.value = new Map(vpnsByName.value).set(vpn.name, vpn);
  },
  events: (items) => {
    events.value = withEvents(events.value, items);
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

function setClock(portwardNow: number): void {
  ahead.value = portwardNow - Date.now();
  now.value = portwardNow;
}

/** Drops the samples of streams that no VPN has any more. */
export function forgetSamples(): void {
  const there = new Set(vpns.peek().flatMap(({ streams }) => streams.map((s) => s.id)));
  for (const id of samples.keys()) if (!there.has(id)) samples.delete(id);
}
