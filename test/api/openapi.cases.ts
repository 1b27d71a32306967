import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify from 'fastify';
import { tablesIn } from '../docs/markdown';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

interface Media {
  readonly schema: object & { readonly examples?: readonly unknown[] };
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly operationId?: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Media>> }>
  >;
}

interface Document {
  readonly info: { readonly version: string };
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly components: { readonly securitySchemes: unknown };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

async function operations(): Promise<{ document: Document; of: Map<string, Operation> }> {
  const document: Document = (await (await api([new VpnStandIn('gluetun')])).inject('/openapi.json')).json();
  const of = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  );
  return { document, of: new Map(of) };
}

interface Documented {
  readonly locked: boolean;
  readonly statuses: readonly number[];
}

const KINDS = ['any route', 'those that ask for a key', 'those with a body'] as const;

/** By route, as the tables of docs/reference/api/README.md have them: its own answers, and those that routes of its kind may give. */
function documented(of: ReadonlyMap<string, Operation>): Map<string, Documented> {
  const tables = tablesIn(readFileSync(join(__dirname, '..', '..', 'docs/reference/api/README.md'), 'utf8'));
  const routes = tables.flatMap(({ header, rows }) => (header.join() === 'route,what,answers,key' ? rows : []));
  const shared = tables.find(({ header }) => header.join() === 'status,of,when')?.rows ?? [];
  expect(shared.filter(([, kind]) => !KINDS.some((k) => k === kind))).toEqual([]);
  return new Map(
    routes.map(([cell = '', , answers = '', key]) => {
      const route = /`((?:GET|POST|PUT|DELETE) [^`]+)`/.exec(cell)?.[1] ?? cell;
      const locked = key === 'yes';
      const is: Record<string, boolean> = {
        [KINDS[0]]: true,
        [KINDS[1]]: locked,
        [KINDS[2]]: of.get(route)?.requestBody !== undefined,
      };
      const common = shared.flatMap(([status, kind = '']) => (is[kind] ? [Number(status)] : []));
      const statuses = [...answers.split(', ').map(Number), ...common];
      return [route, { locked, statuses: statuses.toSorted((a, b) => a - b) }];
    }),
  );
}

test('docs/reference/api/README.md names every route of the OpenAPI document, with every answer that it may give, and no other', async () => {
  const { document, of } = await operations();
  expect(document.openapi).toMatch(/^3\.1/);
  const { version }: { version: string } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
  expect(document.info.version).toBe(version);
  expect(of.size).toBeGreaterThan(10);
  const described = [...of].map(([route, { responses, security }]): [string, Documented] => [
    route,
    { locked: security?.length !== 0, statuses: Object.keys(responses).map(Number) },
  ]);
  expect(Object.fromEntries(documented(of))).toEqual(Object.fromEntries(described));
  for (const operation of of.values()) expect(operation.summary).toBeTruthy();
});

function examplesOf({ schema, example, examples }: Media): unknown[] {
  return [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples ?? {}).map(({ value }) => value),
    ...(schema.examples ?? []),
  ];
}

test('every answer says what it means, and has an example that is of its schema, as every body has', async () => {
  const { of } = await operations();
  // A validator of its own, that neither drops nor converts anything.
  const judge = Fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, strict: false, useDefaults: false } },
  });
  const cases: { what: string; url: string; example: unknown }[] = [];
  const mute: string[] = [];
  for (const [route, { responses, requestBody }] of of) {
    const answers: Operation['responses'] = requestBody
      ? { ...responses, body: { description: 'as in the schema', ...requestBody } }
      : responses;
    for (const [status, { description, content = {} }] of Object.entries(answers)) {
      const what = `${route} ${status}`;
      if (description === 'Default Response') mute.push(`${what}: says nothing`);
      const all = Object.values(content).flatMap((media) => examplesOf(media).map((example) => ({ media, example })));
      if (all.length === 0) mute.push(`${what}: no example`);
      for (const { media, example } of all) {
        const url = `/${cases.length}`;
        judge.post(
          url,
          { schema: { body: { type: 'object', properties: { it: media.schema }, required: ['it'] } } },
          async () => 'valid',
        );
        cases.push({ what, url, example });
      }
    }
  }
  expect(mute).toEqual([]);
  const judged = await Promise.all(
    cases.map(async ({ what, url, example }) => {
      const { statusCode, body } = await judge.inject({ method: 'POST', url, payload: { it: example } as object });
      return statusCode === 200 ? null : `${what}: ${body}`;
    }),
  );
  expect(judged.filter((fault) => fault !== null)).toEqual([]);
  const wrong = await judge.inject({ method: 'POST', url: cases[0]?.url ?? '', payload: { it: 1 } });
  expect(wrong.statusCode).toBe(400);
  await judge.close();
});

test('every route is in one of the sections in which the page shows them', async () => {
  const { document, of } = await operations();
  const sections = document.tags.map(({ name }) => name);
  const without = [...of].filter(([, { tags = [] }]) => tags.length !== 1 || !sections.includes(tags[0] ?? ''));
  expect(without.map(([route]) => route)).toEqual([]);
  expect(of.get('POST /events/stream_started')?.tags).toEqual(['Streams']);
  expect(of.get('GET /events/stream')?.tags).toEqual(['Events']);
});

test('it says of each route which statuses it may answer', async () => {
  const { of } = await operations();
  const statuses = (name: string) => Object.keys(of.get(name)?.responses ?? {}).map(Number);
  expect(statuses('GET /engines')).toEqual([200, 400, 408, 414, 431, 503]);
  expect(statuses('GET /engines/{id}')).toEqual([200, 400, 404, 408, 414, 431, 503]);
  expect(statuses('POST /vpns/{name}/recheck')).toEqual([202, 400, 404, 408, 414, 429, 431]);
  expect(statuses('POST /vpns/{name}/replacements')).toEqual([
    202, 400, 401, 403, 404, 408, 409, 413, 414, 415, 422, 429, 431, 503,
  ]);
  expect(statuses('POST /provision/acestream')).toEqual([
    200, 400, 401, 403, 408, 413, 414, 415, 422, 429, 431, 500, 503,
  ]);
  expect(statuses('DELETE /containers/{id}')).toEqual([200, 400, 401, 403, 404, 408, 414, 429, 431, 503]);
  expect(statuses('POST /scale/{demand}')).toEqual(expect.arrayContaining([200, 401, 403, 422, 503]));
});

test('it asks for a bearer key where the API does, and nowhere else', async () => {
  const { document, of } = await operations();
  expect(document.components.securitySchemes).toMatchObject({ key: { type: 'http', scheme: 'bearer' } });
  const secured = [...of].filter(([, operation]) => operation.security?.length !== 0).map(([name]) => name);
  expect(secured.toSorted()).toEqual([
    'DELETE /containers/{id}',
    'GET /by-label',
    'POST /events/stream_ended',
    'POST /events/stream_started',
    'POST /gc',
    'POST /health/circuit-breaker/reset',
    'POST /provision/acestream',
    'POST /scale/{demand}',
    'POST /vpns/{name}/replacements',
  ]);
});

export function openapiCases(): void {
  afterEach(closeAll);
}
