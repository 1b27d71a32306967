import { newsId, newsJson } from '../../domain/news-json';
import type { NewsAnswer } from '../../domain/news';
import { positionText, type Place, type Position } from './feed-position';

/** One event for a listener. `id` is the listener's position after the event. */
export interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The position of one listener. Finds the events in a workflow's answer that are new to the listener. */
export class NewsFollower {
  private readonly position: Map<string, Place>;

  /**
   * @param from position after which to begin; null: after the events in `now`
   * @param now the last answer of each VPN
   */
  constructor(from: Position | null, now: ReadonlyMap<string, NewsAnswer>) {
    this.position = new Map(from ?? [...now].map(([vpn, { lineage, news }]) => [vpn, newest(lineage, news)]));
  }

  get id(): string {
    return positionText(this.position);
  }

  /** The new events of an answer. Begins with a `gap` event if events after the position are no longer kept. */
  take(vpn: string, { lineage, news }: NewsAnswer): Told[] {
    const place = this.position.get(vpn);
    const told: Told[] = [];
    const fresh = place?.lineage === lineage ? news.filter(({ number }) => number > place.number) : news;
    const first = fresh[0]?.number;
    if (place !== undefined && (place.lineage !== lineage || (first !== undefined && first > place.number + 1))) {
      this.position.set(vpn, { lineage, number: (first ?? 1) - 1 });
      const after = newsId(place.lineage, place.number);
      told.push({ id: this.id, event: 'gap', data: { time: new Date().toISOString(), vpn, after } });
    }
    for (const item of fresh) {
      this.position.set(vpn, { lineage, number: item.number });
      const { event, ...data } = newsJson(vpn, item);
      told.push({ id: this.id, event, data });
    }
    if (!this.position.has(vpn)) this.position.set(vpn, { lineage, number: 0 });
    return told;
  }
}

function newest(lineage: string, news: NewsAnswer['news']): Place {
  return { lineage, number: news.at(-1)?.number ?? 0 };
}
