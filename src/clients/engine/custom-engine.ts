import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value, ValueErrorType, type ValueError } from '@sinclair/typebox/value';
import { AnyName } from './any-name';
import type { HealthProbe, StatusPattern } from './engine-probe';
import { envNameMistake, isNoEnvName } from './caller-options';
import { placeholders, type Variant } from './variant';

// The user's own kind of engine, from the JSON file that ENGINE_FILE names. Values in it may be secret, so no error
// message repeats them: a message says where the mistake is, and what was expected there.

/** `expected` describes the right value, for the message about a wrong one. */
const text = Type.String({ pattern: '^[^\\u0000]*$', expected: 'a text in quotes' });
const texts = { expected: 'an object of texts, {"NAME": "value"}' };
const aboutTrue = { expected: 'true or false' };
const CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;

const HealthSchema = Type.Object(
  {
    type: Type.Union([Type.Literal('http'), Type.Literal('tcp')], { expected: '"http" or "tcp"' }),
    path: Type.Optional(Type.String({ pattern: '^/[^\\s#]*$', expected: 'a path that begins with /' })),
    statuses: Type.Optional(
      Type.Array(
        Type.Union([Type.Integer({ minimum: 100, maximum: 599 }), ...CLASSES.map((name) => Type.Literal(name))], {
          expected: 'an HTTP status such as 200, or a class of them such as "2xx"',
        }),
        { minItems: 1, expected: 'a list of HTTP statuses, such as [200, "3xx"]' },
      ),
    ),
  },
  { additionalProperties: false, expected: 'an object such as {"type": "tcp"}' },
);

const FileSchema = Type.Object(
  {
    image: Type.String({ pattern: '^[a-zA-Z0-9][\\w.\\-/:@]*$', expected: 'the name of an image' }),
    env: Type.Optional(Type.Record(AnyName, text, texts)),
    forwardedEnv: Type.Optional(Type.Record(AnyName, text, texts)),
    command: Type.Optional(Type.Array(text, { minItems: 1, expected: 'a list of words, ["program", "--option"]' })),
    volumes: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^[^:\\u0000]+:/[^:\\u0000]*(:[a-zA-Z,]+)?$',
          expected: 'SOURCE:/PATH or SOURCE:/PATH:ro, as in docker run --volume',
        }),
        { expected: 'a list of volumes' },
      ),
    ),
    health: HealthSchema,
    connectionStatus: Type.Optional(Type.Boolean(aboutTrue)),
    oneAtATime: Type.Optional(Type.Boolean(aboutTrue)),
  },
  { additionalProperties: false, expected: 'an object' },
);
type File = Static<typeof FileSchema>;

/** Statuses that mean the program works, and those that say that it wants credentials. */
const DEFAULT_STATUSES: readonly StatusPattern[] = ['2xx', '3xx', 401, 403];

/** The file's variant, or everything that is wrong with the file. */
export type CustomEngine = { readonly variant: Variant } | { readonly mistakes: readonly string[] };

export function parseCustomEngine(json: string): CustomEngine {
  let file: unknown;
  try {
    // Some editors write a byte order mark at the beginning.
    file = JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch (error) {
    return { mistakes: [`expected JSON${whereIn(json, error)}`] };
  }
  const fields = fieldsIn(file);
  const mistakes = [...schemaMistakes(file), ...(fields ? meaningMistakes(fields) : [])];
  return mistakes.length === 0 && Value.Check(FileSchema, file) ? { variant: variantOf(file) } : { mistakes };
}

function variantOf(file: File): Variant {
  const { image, env = {}, forwardedEnv = {}, command = null, volumes = [], connectionStatus = false } = file;
  // Two engines that write to one volume may damage its content.
  const { oneAtATime = volumes.length > 0 } = file;
  const health = healthOf(file.health);
  return { image, env, forwardedEnv, command, volumes, health, connectionStatus, oneAtATime };
}

function healthOf({ type, path = '/', statuses }: File['health']): HealthProbe {
  return type === 'tcp' ? { type } : { type, path, statuses: statuses ?? DEFAULT_STATUSES };
}

/**
 * The message of JavaScript's parser quotes the text around the mistake, which may be secret: only the position is
 * taken from it.
 */
function whereIn(json: string, error: unknown): string {
  const [, found] = /position (\d+)/.exec(String(error)) ?? [];
  if (found === undefined) return '';
  const before = json.slice(0, Number(found)).split('\n');
  return `: the mistake is in line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

function schemaMistakes(file: unknown): string[] {
  const mistakes = new Map<string, string>();
  for (const error of Value.Errors(FileSchema, file)) {
    // TypeBox reports a missing field twice: as missing, and as having the wrong type.
    if (!mistakes.has(error.path)) mistakes.set(error.path, schemaMistake(error));
  }
  return [...mistakes.values()];
}

function schemaMistake({ type, path, schema, value }: ValueError): string {
  const place = path === '' ? 'the file' : placeOf(path);
  if (type === ValueErrorType.ObjectAdditionalProperties) return `${place}: there is no such field`;
  const missing = type === ValueErrorType.ObjectRequiredProperty;
  return `${place}: expected ${expectedOf(schema)}, got ${missing ? 'nothing' : kindOf(value)}`;
}

function expectedOf(schema: TSchema): string {
  const expected: unknown = schema['expected'];
  return typeof expected === 'string' ? expected : 'something else';
}

/** `/command/2` as `command[2]`. */
function placeOf(pointer: string): string {
  const [first = '', ...rest] = pointer.slice(1).split('/');
  const names = rest.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return first + names.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'another text' : `a value of type ${typeof value}`;
}

/** The file's valid fields, for further checks; null in place of each invalid one. */
function fieldsIn(file: unknown): Fields | null {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return null;
  const given = new Map<string, unknown>(Object.entries(file));
  const fields = Object.entries(FileSchema.properties).flatMap(([name, schema]) => {
    if (!given.has(name)) return [];
    const value = given.get(name);
    return [[name, Value.Check(schema, value) ? value : null]];
  });
  return Object.fromEntries(fields) as Fields;
}
type Fields = { readonly [Name in keyof File]?: File[Name] | null };

/** Mistakes that a schema can't find. */
function* meaningMistakes(file: Fields): Generator<string> {
  for (const field of ['env', 'forwardedEnv'] as const) {
    for (const name of Object.keys(file[field] ?? {}).filter(isNoEnvName)) yield envNameMistake(field, name);
  }
  for (const { place, value } of textsOf(file)) {
    for (const [found] of value.matchAll(/\{\{[A-Z0-9_]+\}\}/g)) {
      if (!placeholders.includes(found)) yield `${place}: expected one of ${placeholders.join(', ')}, got ${found}`;
    }
  }
  const { env, forwardedEnv, command, health } = file;
  const inContainer = textsOf({ env, forwardedEnv, command });
  const isPassedOn = (placeholder: string) => inContainer.some(({ value }) => value.includes(placeholder));
  const hasInvalid = [env, forwardedEnv, command].includes(null);
  for (const [placeholder, port] of [
    ['{{HTTP_PORT}}', 'the port to listen on'],
    ['{{P2P_PORT}}', "the VPN's forwarded port"],
  ] as const) {
    if (!hasInvalid && !isPassedOn(placeholder)) {
      yield `env, forwardedEnv, command: expected ${placeholder} in one of them, or the engine is not told ${port}`;
    }
  }
  if (health?.type === 'tcp' && (health.path !== undefined || health.statuses !== undefined)) {
    yield 'health: expected path and statuses only with "type": "http"';
  }
}

/** Every text that may hold placeholders, with its place in the file. */
function textsOf({ env, forwardedEnv, command, volumes }: Fields) {
  const named = { env: env ?? {}, forwardedEnv: forwardedEnv ?? {} };
  const listed = { command: command ?? [], volumes: volumes ?? [] };
  return [
    ...Object.entries(named).flatMap(([field, entries]) =>
      Object.entries(entries).map(([name, value]) => ({ place: `${field}.${name}`, value })),
    ),
    ...Object.entries(listed).flatMap(([field, values]) =>
      values.map((value, at) => ({ place: `${field}[${at}]`, value })),
    ),
  ];
}
