import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** Like Go's decoder: null and absent are fine, another type fails the whole list. */
function lenient<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]));
}

const Time = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$` });
const Text = Type.String();

const ProxyEngineSchema = Type.Object({
  container_id: Text,
  container_name: lenient(Text),
  host: Text,
  port: Type.Integer(),
  labels: lenient(Type.Record(Type.String(), Type.String())),
  forwarded: lenient(Type.Boolean()),
  first_seen: lenient(Time),
  last_seen: lenient(Time),
  streams: lenient(Type.Array(Type.String())),
  health_status: lenient(Text),
  last_health_check: lenient(Time),
  last_stream_usage: lenient(Time),
  last_cache_cleanup: lenient(Time),
  cache_size_bytes: lenient(Type.Integer()),
  vpn_container: lenient(Text),
  p2p_port: lenient(Type.Integer()),
});

/** An engine in `/engines`, with the fields that a proxy reads. */
export type ProxyEngine = Static<typeof ProxyEngineSchema>;

const ListSchema = Type.Array(ProxyEngineSchema);

/** @throws when a field of any engine is not as the proxy expects */
export function decodeEngines(body: string): ProxyEngine[] {
  const list: unknown = JSON.parse(body);
  if (Value.Check(ListSchema, list)) return list;
  const wrong = Value.Errors(ListSchema, list).First();
  throw new Error(`/engines can't be decoded: ${wrong?.path} ${wrong?.message}, found ${JSON.stringify(wrong?.value)}`);
}
