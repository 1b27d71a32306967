// Thousands of random, mostly invalid requests. `npm run fuzz` generates requests from the OpenAPI document.
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import type { Replacement } from '../../src/domain/replacement';
import { DAY, plainEngine, replacement, vpnStatus } from '../builders';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const RUNS = process.env['PORTWARD_TEST_ALL'] === 'true' ? 3_000 : 1_000;
const KEY = 'the-right-key-of-this-test';

let server: FastifyInstance;
let vpn: VpnStandIn;
let documented: Set<number>;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  const newEngine = { id: 'id-19001', name: 'engine-19001' };
  const all: Replacement[] = [];
  vpn.answerStatus = async () => vpnStatus({ replacements: all });
  vpn.answerProvision = async ({ requestId }) => {
    const ended = replacement({ requestId, newEngine, readyAt: DAY, state: 'completed' });
    all.splice(0, Math.max(0, all.push(ended) - 100));
    return ended;
  };
  server = await api([vpn], {
    access: { keys: [KEY] },
    limits: { changesPerMinute: 0, wrongKeysPerMinute: 0 },
    // Hundreds of engines are requested.
    pool: { maxReplicas: 1_000, maxActiveReplicas: 1_000 },
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { paths } = (await server.inject('/openapi.json')).json() as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  // 405 is not documented for a route.
  documented = new Set([405, ...operations.flatMap(({ responses }) => Object.keys(responses).map(Number))]);
});
afterAll(async () => {
  agent.destroy();
  await closeAll();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request over a real connection, because `inject` would normalize the address. */
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Answer> {
  const { port } = server.server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    // Node's client sets no Content-Length for the body of a GET, and the server would take the body for a second request.
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const asked = request(
      { host: '127.0.0.1', port, agent, method, path, headers: { ...headers, ...length } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
        response.once('error', reject);
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD' as const);
const signs = (of: string) => fc.constantFrom(...of.split(''));
const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.constantFrom(
    '..',
    '%2f',
    '%00',
    '%',
    '%ff',
    '__proto__',
    'constructor',
    'gluetun',
    'engine-19000',
    '\0',
    "'",
    '*',
    '{id}',
  ),
);
const segment = fc.oneof(
  fc.constantFrom('engines', 'vpns', 'vpn', 'status', 'gluetun', 'replacements', 'recheck', 'health', 'ready', 'live'),
  nastyText.map((text) => encodeURIComponent(Buffer.from(text).toString())),
  fc.string({ unit: signs('abc./%;:@&=+$,~!*()\'"<>[]{}|^`\\0'), maxLength: 20 }),
);
const query = fc.oneof(
  fc.constant(''),
  fc.string({ unit: signs('abc=&%?#[]0+'), maxLength: 30 }).map((q) => `?${q}`),
);
const path = fc.oneof(
  fc.tuple(fc.array(segment, { maxLength: 5 }), query).map(([segments, q]) => `/${segments.join('/')}${q}`),
  // Similar to existing addresses, so that handlers are reached.
  fc
    .tuple(
      fc.constantFrom('/engines/', '/vpns/', '/containers/', '/scale/'),
      segment,
      fc.constantFrom('', '/replacements', '/recheck'),
    )
    .map((p) => p.join('')),
  fc.constantFrom('/vpns/gluetun/replacements', '/vpns/gluetun/recheck', '/engines', '/vpn/status'),
);
/** Whether Node's client sends this address. */
const isSendable = (text: string) => /^[\x21-\xff]+$/.test(text);
/** A header that Node's parser accepts. */
const headerValue = fc.string({
  unit: fc
    .integer({ min: 32, max: 255 })
    .filter((c) => c !== 127)
    .map((c) => String.fromCharCode(c)),
  maxLength: 100,
});
const headers = fc
  .tuple(
    fc.dictionary(
      fc.constantFrom(
        'idempotency-key',
        'origin',
        'content-type',
        'accept',
        'x-forwarded-for',
        'range',
        'if-none-match',
        'expect',
        'host',
      ),
      headerValue,
    ),
    fc.constantFrom({}, { 'content-type': 'application/json' }),
    fc.constantFrom({}, { authorization: `Bearer ${KEY}` }, { authorization: 'Bearer no' }),
  )
  .map((parts): Record<string, string> => Object.assign({}, ...parts));
const body = fc.oneof(
  fc.constant(undefined),
  fc
    .record(
      { engine: fc.oneof(nastyText, fc.jsonValue()), reason: fc.oneof(nastyText, fc.jsonValue()) },
      { requiredKeys: [] },
    )
    .map((b) => JSON.stringify(b)),
  fc.json(),
  nastyText,
);

const anything = fc.tuple(method, path.filter(isSendable), headers, body);
/** With the right key, so that bodies and headers are checked. */
const withKey = fc.tuple(
  fc.constant('POST'),
  fc.constant('/vpns/gluetun/replacements'),
  fc
    .tuple(
      fc.dictionary(fc.constant('idempotency-key'), headerValue),
      fc.constantFrom('application/json', 'application/json', 'text/plain'),
    )
    .map(([given, type]): Record<string, string> => ({
      ...given,
      authorization: `Bearer ${KEY}`,
      'content-type': type,
    })),
  body,
);

/** Without the right key, or with the right key from a page of another site. */
const refused = fc.tuple(
  fc.constant('POST'),
  fc.constantFrom('/vpns/gluetun/replacements', '/provision/acestream'),
  fc.constantFrom<Record<string, string>>(
    {},
    { authorization: 'Bearer no' },
    { authorization: `Bearer ${KEY}`, origin: 'http://elsewhere.example' },
  ),
  body,
);

const texts = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.dictionary(fc.constantFrom('A', 'stream_id', 'x.y'), fc.constantFrom('', 'ch-42', 'a b')),
  },
  fc.dictionary(nastyText, fc.oneof(nastyText, fc.jsonValue()), { maxKeys: 2 }),
  fc.jsonValue(),
);
/** With the right key, and with labels and environment, whose names clients choose. */
const provisioning = fc.tuple(
  fc.constant('POST'),
  fc.constant('/provision/acestream'),
  fc.constant<Record<string, string>>({ authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }),
  fc
    .record({ labels: texts, env: texts, host_port: fc.constantFrom(null, 18_000, 0, '1') }, { requiredKeys: [] })
    .map((b) => JSON.stringify(b)),
);

function hasDetail(text: string): boolean {
  const { detail }: { detail?: unknown } = JSON.parse(text);
  return typeof detail === 'string';
}

test('no request causes a 5xx, an undocumented status or an error without detail', async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(anything, withKey, refused, provisioning), async ([verb, url, head, payload]) => {
      const { status, headers: given, body: text } = await send(verb, url, head, payload);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      expect(documented).toContain(status);
      expect(status).toBeLessThan(500);
      expect(given['x-content-type-options']).toBe('nosniff');
      const telling = verb === 'HEAD' || status < 400 || hasDetail(text);
      expect([status, text, telling]).toEqual([status, text, true]);
    }),
    { numRuns: RUNS },
  );
  // Makes sure that the requests reach every kind of check, and the handlers.
  for (const status of [200, 202, 400, 401, 403, 404, 415, 422]) expect([...seen.keys()]).toContain(status);
}, 120_000);

test('for all these requests, only valid names reached the workflow', () => {
  expect(vpn.replaced.length).toBeGreaterThan(0);
  for (const { request: asked } of vpn.replaced) {
    expect(asked.engine ?? 'none').toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}$/);
    expect(asked.reason ?? 'none').not.toMatch(/\p{Cc}/u);
    expect(asked.requestId).toMatch(/^[\x20-\x7e]{1,200}$/);
  }
});

test('for all these requests, only valid labels and sealed environments reached the workflow', () => {
  expect(vpn.provisioned.some(({ request: { labels } }) => Object.keys(labels).length > 0)).toBe(true);
  for (const { request: asked } of vpn.provisioned) {
    expect(Object.keys(asked.labels).join('')).toMatch(/^[^\s\p{Cc}]*$/u);
    expect(Object.values(asked.labels).join('')).not.toContain('\0');
    expect(asked.sealedEnv ?? 'v1.x').toMatch(/^v1\.[\w-]+$/);
  }
});
