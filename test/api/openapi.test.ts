import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

afterEach(closeAll);

interface Operation {
  readonly summary?: string;
  readonly security?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: unknown }>>;
}

interface Document {
  readonly openapi: string;
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

test('the OpenAPI document has every route of docs/api.md', async () => {
  const { document, of } = await operations();
  expect(document.openapi).toMatch(/^3\./);
  expect([...of.keys()].toSorted()).toEqual([
    'GET /engines',
    'GET /engines/{id}',
    'GET /health/live',
    'GET /health/ready',
    'GET /openapi.json',
    'GET /vpn/publicip',
    'GET /vpn/status',
    'GET /vpns/{name}/replacements',
    'POST /health/circuit-breaker/reset',
    'POST /vpns/{name}/recheck',
    'POST /vpns/{name}/replacements',
  ]);
  for (const operation of of.values()) expect(operation.summary).toBeTruthy();
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
});

test('it asks for a bearer key where the API does, and nowhere else', async () => {
  const { document, of } = await operations();
  expect(document.components.securitySchemes).toMatchObject({ key: { type: 'http', scheme: 'bearer' } });
  const secured = [...of].filter(([, operation]) => operation.security !== undefined).map(([name]) => name);
  expect(secured.toSorted()).toEqual(['POST /health/circuit-breaker/reset', 'POST /vpns/{name}/replacements']);
});
