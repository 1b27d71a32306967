// The OpenAPI document with tools that people use with it: redocly's rules, openapi-typescript's types, openapi-fetch's client.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import createClient from 'openapi-fetch';
import type { HttpMethod } from 'openapi-typescript-helpers';
import { DAY, observeProgress, plainEngine, replacement, vpnStatus } from '../builders';
import { stream } from '../stream-events';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const ROOT = join(__dirname, '..', '..');
const KEY = 'k'.repeat(32);
const ENGINE = 'engine-19002';
/** The stream in the examples of the document. */
const STREAM = 'dd1e67078381739d14beca697356ab76d49d1a2d|5dc2f2d0';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}

interface Media {
  readonly schema: { readonly examples?: readonly unknown[] };
  readonly example?: unknown;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly options: { readonly params: object; readonly body?: unknown; readonly parseAs: 'json' | 'text' | 'stream' };
  readonly documented: readonly number[];
}

const VALUES: Readonly<Record<string, unknown>> = { name: 'gluetun', demand: 2, key: 'a', value: 'b' };

/** A call of an operation with all required parameters, and with its example as the body. */
function callOf(path: string, method: string, operation: Operation): Call {
  const { parameters = [], requestBody, responses } = operation;
  const id = path.startsWith('/streams') ? STREAM : ENGINE;
  const given = (where: Parameter['in']) => {
    const names = parameters.filter((p) => p.in === where && p.required).map((p) => p.name);
    const values = Object.fromEntries(names.map((name) => [name, VALUES[name] ?? id]));
    return names.length === 0 ? {} : { [where]: values };
  };
  const media = requestBody?.content['application/json'];
  const types = Object.keys(responses['200']?.content ?? {});
  return {
    method: method.toUpperCase() as Call['method'],
    path,
    options: {
      params: { ...given('path'), ...given('query') },
      ...(media ? { body: media.example ?? media.schema.examples?.[0] } : {}),
      parseAs: types.includes('text/event-stream') ? 'stream' : types.includes('text/plain') ? 'text' : 'json',
    },
    documented: Object.keys(responses).map(Number),
  };
}

let server: FastifyInstance;
let document: string;
let calls: Call[];

beforeAll(async () => {
  const vpn = new VpnStandIn('gluetun', [plainEngine(19_002)]);
  vpn.play(stream(STREAM, { containerId: 'id-19002' }));
  vpn.answerStatus = async () => vpnStatus({ engines: [plainEngine(19_002)] });
  vpn.answerProgress = async () => observeProgress({ publicIp: '203.0.113.7' });
  vpn.answerProvision = async ({ requestId }) =>
    replacement({ requestId, newEngine: { id: 'id-19003', name: 'engine-19003' }, readyAt: DAY, state: 'completed' });
  server = await api([vpn], { access: { keys: [KEY] } });
  await server.listen({ host: '127.0.0.1', port: 0 });
  document = (await server.inject('/openapi.json')).body;
  const { paths }: { paths: Record<string, Record<string, Operation>> } = JSON.parse(document);
  calls = Object.entries(paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => callOf(path, method, operation)))
    // Reads come before the calls that remove something.
    .toSorted((a, b) => b.method.localeCompare(a.method) * -1 || a.path.localeCompare(b.path));
});
afterAll(closeAll);

/** A program that makes every call, and some calls that must be type errors. */
function program(): string {
  const each = calls.map(
    ({ method, path, options }) => `client.${method}(${JSON.stringify(path)}, ${JSON.stringify(options)})`,
  );
  return `
    import createClient from 'openapi-fetch';
    import type { paths } from './schema';
    const client = createClient<paths>({ baseUrl: 'http://127.0.0.1' });
    export const answers = () => Promise.all([${each.join(',\n')}]);
    export async function use(): Promise<number> {
      await client.POST('/provision/acestream');
      await client.POST('/vpns/{name}/replacements', { params: { path: { name: 'gluetun' } } });
      // @ts-expect-error: an event needs a body
      await client.POST('/events/stream_started');
      // @ts-expect-error: a number
      await client.POST('/scale/{demand}', { params: { path: { demand: 'five' } } });
      // @ts-expect-error: no such route
      await client.GET('/engine');
      const { data, error } = await client.GET('/engines');
      if (data === undefined) throw new Error(error.detail);
      const [engine] = data;
      const started: string | null | undefined = engine?.last_stream_usage;
      return (engine?.port ?? 0) + (started?.length ?? 0);
    }
  `;
}

test("redocly's recommended rules pass, and a program that calls every route compiles with openapi-typescript's types", () => {
  const tools = execFileSync(process.execPath, [join(__dirname, 'openapi-tools.mjs')], {
    cwd: ROOT,
    input: document,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  const { problems, types }: { problems: string[]; types: string } = JSON.parse(tools);
  expect(problems).toEqual([]);
  // In node_modules, so that the program can import packages.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.openapi-client-'));
  try {
    writeFileSync(join(folder, 'schema.ts'), types);
    writeFileSync(join(folder, 'program.ts'), program());
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler'];
    const more = ['--types', '', '--lib', 'es2022,dom', '--target', 'es2022', '--ignoreConfig'];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = spawnSync(process.execPath, [tsc, ...options, ...more, join(folder, 'program.ts')], {
      encoding: 'utf8',
    });
    expect([compiled.stdout, compiled.status]).toEqual(['', 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('openapi-fetch gets a documented answer from every route', async () => {
  // Without the types of the document, which do not exist when this file is compiled.
  const client = createClient<Record<string, Record<HttpMethod, object>>>({
    baseUrl: server.listeningOrigin,
    headers: { authorization: `Bearer ${KEY}` },
  });
  const answers: [string, number][] = [];
  for (const { method, path, options, documented } of calls) {
    const { response, data } = await client.request(method.toLowerCase() as HttpMethod, path, options as never);
    answers.push([`${method} ${path}`, response.status]);
    expect(documented).toContain(response.status);
    expect(data).toBeDefined();
    if (options.parseAs === 'stream') await response.body?.cancel();
  }
  expect(answers.filter(([, status]) => status >= 300)).toEqual([]);
  expect(answers.length).toBeGreaterThan(20);
});
