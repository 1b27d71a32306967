import { ApplicationFailure } from '@temporalio/common';
import type { NewsItem } from '../domain/news';
import { newsId, newsJson } from '../domain/news-json';
import type { Webhook } from '../notify/webhook';

/** What happened on a VPN since the batch before. */
export interface NewsBatch {
  readonly instance: string;
  readonly vpn: string;
  readonly lineage: string;
  readonly news: readonly NewsItem[];
  /** How many before these are lost, because too much happened while the receiver was away. */
  readonly missed: number;
}

export function batchId({ lineage, news }: NewsBatch): string {
  return `${newsId(lineage, news[0]?.number ?? 0)}-${news.at(-1)?.number ?? 0}`;
}

export async function notify(batch: NewsBatch, webhook: Webhook | null, signal: AbortSignal): Promise<void> {
  if (webhook === null) {
    throw ApplicationFailure.nonRetryable('NOTIFY_URL is not set in the worker that had to do it', 'NotifyUrlMissing');
  }
  const { instance, vpn, lineage, news, missed } = batch;
  const events = news.map((item) => ({ id: newsId(lineage, item.number), ...newsJson(vpn, item) }));
  await webhook.post(batchId(batch), { instance, vpn, missed, events }, signal);
}
