import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { StreamSample } from '../../domain/streams/stream';
import { httpWithin, parsedJson } from '../http';
import { url, type Endpoint } from './engine-api';

/** What an engine says of one playback. `unknown session`: it has none such, so the stream is over. */
export type StatisticsAnswer =
  { readonly kind: 'sample'; readonly sample: StreamSample } | { readonly kind: 'unknown session' };

const TIMEOUT_MS = 3_000;
const ANSWER_BYTES_AT_MOST = 16 * 1024;
const STATUS_LENGTH_AT_MOST = 40;

const Answer = Type.Object({
  response: Type.Optional(Type.Union([Type.Null(), Type.Record(Type.String(), Type.Unknown())])),
  error: Type.Optional(Type.Union([Type.Null(), Type.String()])),
});

/**
 * Where the statistics are asked for: at the engine itself, whatever host the URL names, since it was given by who
 * reported the stream. Null when it is no URL or path.
 */
export function statisticsUrl(endpoint: Endpoint, statUrl: string): URL | null {
  const target = url(endpoint);
  if (!URL.canParse(statUrl, target.href)) return null;
  const { pathname, search } = new URL(statUrl, target.href);
  // Set, not resolved: a path of `//host/…` would name another host.
  target.pathname = pathname;
  target.search = search;
  return target;
}

/** @throws when the engine does not answer, or says nothing that can be used */
export async function askStatistics(
  endpoint: Endpoint,
  statUrl: string,
  signal: AbortSignal,
): Promise<StatisticsAnswer> {
  const target = statisticsUrl(endpoint, statUrl);
  if (target === null) throw new Error('its stat_url is no URL');
  const request = { signal, bytesAtMost: ANSWER_BYTES_AT_MOST, readsFailures: true };
  const { text } = await httpWithin(TIMEOUT_MS, target, request);
  return readStatistics(text, Date.now());
}

/** @throws when nothing in it can be used */
export function readStatistics(text: string, at: number): StatisticsAnswer {
  const answer = parsedJson(text);
  if (Value.Check(Answer, answer)) {
    const { response, error } = answer;
    if (error?.toLowerCase().includes('unknown playback session')) return { kind: 'unknown session' };
    if (response) {
      return {
        kind: 'sample',
        sample: {
          at,
          peers: count(response['peers']),
          speedDown: count(response['speed_down']),
          speedUp: count(response['speed_up']),
          downloaded: count(response['downloaded']),
          uploaded: count(response['uploaded']),
          status: typeof response['status'] === 'string' ? response['status'].slice(0, STATUS_LENGTH_AT_MOST) : null,
        },
      };
    }
  }
  throw new Error(`the engine gives no statistics, but ${JSON.stringify(text.slice(0, 60))}`);
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
    ? Math.round(value)
    : null;
}
