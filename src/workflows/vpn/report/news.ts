import type { EngineRef, Instant } from '../../../domain/engine';
import type { Happening, NewsItem } from '../../../domain/news';
import type { Cause } from '../../../domain/replacement';

const KEPT = 50;

/** The newest ones, with one more. @param notified the highest number that is told already, also of one that is not kept */
export function withNews(news: readonly NewsItem[], notified: number, happening: Happening, at: Instant): NewsItem[] {
  const number = Math.max(news.at(-1)?.number ?? 0, notified) + 1;
  return [...news, { number, at, happening }].slice(-KEPT);
}

export function engineNews(
  kind: 'engine_evicted' | 'engine_provisioned' | 'engine_ready' | 'engine_stopped',
  engine: Pick<EngineRef, 'id' | 'name' | 'p2pPort'>,
  cause: Cause,
): Happening {
  return { kind, engine: engine.id, name: engine.name, p2pPort: engine.p2pPort, cause };
}
