import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { StreamSample } from '../../domain/streams/stream';
import { httpWithin, parsedJson } from '../http';
import { url, type Endpoint } from './engine-api';

/** What an engine says about one playback. `unknown session`: it knows no such session, so the stream is over. */
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
 * The URL of a stream's statistics. It always is at the engine itself, whatever host `statUrl` names: whoever
 * reported the stream has chosen it. Null if `statUrl` is neither a URL nor a path.
 */
export function statisticsUrl(endpoint: Endpoint, statUrl: string): URL | null {
  const target = url(endpoint);
  if (!URL.canParse(statUrl, target.href)) return null;
  const { pathname, search } = new URL(statUrl, target.href);
  // Set and not resolved, because a path such as `//host/…` would name another host.
  target.pathname = pathname;
  target.search = search;
  return target;
}

/** @throws if the engine does not answer, or its answer holds no statistics */
export async function askStatistics(
  endpoint: Endpoint,
  statUrl: string,
  signal: AbortSignal,
): Promise<StatisticsAnswer> {
  const target = statisticsUrl(endpoint, statUrl);
  if (target === null) throw new Error('its stat_url is not a URL');
  const request = { signal, bytesAtMost: ANSWER_BYTES_AT_MOST, readsFailures: true };
  const { text } = await httpWithin(TIMEOUT_MS, target, request);
  return readStatistics(text, Date.now());
}

/** @throws if the text holds no statistics */
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
