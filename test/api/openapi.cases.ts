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

/** The routes in the tables of docs/reference/api/README.md, with their own statuses and those of all routes of their kind. */
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

function examplesOf({ schema, example, examples }: Media): unknown[] {
  return [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples ?? {}).map(({ value }) => value),
    ...(schema.examples ?? []),
  ];
}

export function openapiCases(): void {
  afterEach(closeAll);

  test('docs/reference/api/README.md lists exactly the routes of the OpenAPI document, each with exactly its statuses', async () => {
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

  test('every answer has a description, and every answer and body has an example that matches its schema', async () => {
    const { of } = await operations();
    // A separate validator that does not drop or convert values.
    const judge = Fastify({
      ajv: { customOptions: { coerceTypes: false, removeAdditional: false, strict: false, useDefaults: false } },
    });
    const cases: { what: string; url: string; example: unknown }[] = [];
    const faults: string[] = [];
    for (const [route, { responses, requestBody }] of of) {
      const answers: Operation['responses'] = requestBody
        ? { ...responses, body: { description: 'as in the schema', ...requestBody } }
        : responses;
      for (const [status, { description, content = {} }] of Object.entries(answers)) {
        const what = `${route} ${status}`;
        if (description === 'Default Response') faults.push(`${what}: no description`);
        const all = Object.values(content).flatMap((media) => examplesOf(media).map((example) => ({ media, example })));
        if (all.length === 0) faults.push(`${what}: no example`);
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
    expect(faults).toEqual([]);
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

  test('every route is in exactly one section of the page at /docs', async () => {
    const { document, of } = await operations();
    const sections = document.tags.map(({ name }) => name);
    const without = [...of].filter(([, { tags = [] }]) => tags.length !== 1 || !sections.includes(tags[0] ?? ''));
    expect(without.map(([route]) => route)).toEqual([]);
    expect(of.get('POST /events/stream_started')?.tags).toEqual(['Streams']);
    expect(of.get('GET /events/stream')?.tags).toEqual(['Events']);
  });

  test('the document has the statuses of each route', async () => {
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

  test('the document marks exactly the routes that need the key', async () => {
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
}
