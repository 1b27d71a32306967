import type { LightMyRequestResponse } from 'fastify';

/** An engine as a proxy sees it. */
export interface DecodedEngine {
  readonly container_id: string;
  readonly container_name: string | null;
  readonly host: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly forwarded: boolean;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly streams: readonly string[];
  readonly health_status: string;
  readonly last_health_check: string | null;
  readonly last_stream_usage: string | null;
  readonly last_cache_cleanup: string | null;
  readonly cache_size_bytes: number | null;
  readonly vpn_container: string | null;
  readonly p2p_port: number | null;
}

type Check = (value: unknown) => boolean;

const text: Check = (v) => typeof v === 'string';
const integer: Check = (v) => Number.isInteger(v);
const flag: Check = (v) => typeof v === 'boolean';
// RFC 3339 with a zone.
const time: Check = (v) =>
  typeof v === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(v) && Date.parse(v) > 0;
const orNull =
  (check: Check): Check =>
  (v) =>
    v === null || check(v);
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);
const texts: Check = (v) => isRecord(v) && Object.values(v).every(text);
const listOf =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every(check);

const ENGINE: Readonly<Record<keyof DecodedEngine, Check>> = {
  container_id: text,
  container_name: orNull(text),
  host: text,
  port: integer,
  labels: texts,
  forwarded: flag,
  first_seen: time,
  last_seen: time,
  streams: listOf(text),
  health_status: (v) => v === 'healthy' || v === 'unhealthy' || v === 'unknown',
  last_health_check: orNull(time),
  last_stream_usage: orNull(time),
  last_cache_cleanup: orNull(time),
  cache_size_bytes: orNull(integer),
  vpn_container: orNull(text),
  p2p_port: orNull(integer),
};

/** Strict, as proxies are: one bad or missing field fails it. */
export function assertEngine(value: unknown): asserts value is DecodedEngine {
  if (!isRecord(value)) throw new Error(`expected an engine, found ${JSON.stringify(value)}`);
  for (const [name, check] of Object.entries(ENGINE)) {
    if (!check(value[name])) throw new Error(`engine field ${name} is wrong: ${JSON.stringify(value[name])}`);
  }
  const unknown = Object.keys(value).filter((name) => !(name in ENGINE));
  if (unknown.length > 0) throw new Error(`unexpected engine fields: ${unknown.join(', ')}`);
}

/** Decodes `GET /engines` as a proxy does: a bare array. */
export function decodeEngines(response: LightMyRequestResponse): DecodedEngine[] {
  if (response.statusCode !== 200) throw new Error(`expected 200, found ${response.statusCode}: ${response.body}`);
  const body: unknown = JSON.parse(response.body);
  if (!Array.isArray(body)) throw new Error(`expected an array, found ${response.body}`);
  return body.map((value: unknown) => {
    assertEngine(value);
    return value;
  });
}

export function detail(response: LightMyRequestResponse): string {
  const body: unknown = JSON.parse(response.body);
  if (!isRecord(body) || typeof body['detail'] !== 'string') throw new Error(`expected a detail: ${response.body}`);
  return body['detail'];
}
