import type { Instant } from '../../../domain/engine';
import type { Happening, NewsItem } from '../../../domain/news';

const KEPT = 50;

/** The newest ones, with one more. @param notified the highest number that is told already, also of one that is not kept */
export function withNews(news: readonly NewsItem[], notified: number, happening: Happening, at: Instant): NewsItem[] {
  const number = Math.max(news.at(-1)?.number ?? 0, notified) + 1;
  return [...news, { number, at, happening }].slice(-KEPT);
}
