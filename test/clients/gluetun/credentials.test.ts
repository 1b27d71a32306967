import { GluetunClient, type GluetunAuth } from '../../../src/clients/gluetun/client';
import {
  ControlServer,
  CURRENT,
  guarded,
  hang,
  json,
  OLDER,
  OLDER_STATUS,
  PUBLIC_IP,
  redirect,
  status,
  STATUS,
  text,
  type Answer,
} from './control-server';

const server = new ControlServer();
const other = new ControlServer();
beforeAll(() => Promise.all([server.start(), other.start()]));
afterAll(() => Promise.all([server.stop(), other.stop()]));
beforeEach(() => {
  server.asked.length = 0;
  other.asked.length = 0;
});

const never = new AbortController().signal;
const KEY: GluetunAuth = { kind: 'api-key', key: 'TOP-SECRET' };
const BASIC: GluetunAuth = { kind: 'basic', user: 'portward', password: 'TOP-SECRET' };
const BASIC_HEADER = `Basic ${Buffer.from('portward:TOP-SECRET').toString('base64')}`;

const client = (auth: GluetunAuth, timeoutMs = 5_000) => new GluetunClient({ auth, timeoutMs });

test.each<[GluetunAuth['kind'], GluetunAuth, Record<string, string | undefined>]>([
  ['none', { kind: 'none' }, { 'x-api-key': undefined, authorization: undefined }],
  ['api-key', KEY, { 'x-api-key': 'TOP-SECRET', authorization: undefined }],
  ['basic', BASIC, { 'x-api-key': undefined, authorization: BASIC_HEADER }],
])('with %s the control server gets these credentials, on every route', async (_kind, auth, expected) => {
  const right = guarded(
    (headers) => Object.entries(expected).every(([name, value]) => headers[name] === value),
    json({ port: 40_648 }),
  );
  server.routes = { [CURRENT]: status(404), [OLDER]: right, [PUBLIC_IP]: json({ public_ip: '203.0.113.7' }) };
  expect(await client(auth).forwardedPort(server.base, never)).toBe(40_648);
  await client(auth).publicIp(server.base, never);
  expect(server.urls).toEqual([CURRENT, OLDER, PUBLIC_IP]);
  for (const { headers } of server.asked) expect(headers).toMatchObject(definedOf(expected));
});

function definedOf(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((e): e is [string, string] => e[1] !== undefined));
}

test.each([KEY, BASIC])(
  'a redirect to another host is refused, and $kind credentials are not sent there',
  async (auth) => {
    other.routes = { [CURRENT]: json({ port: 40_648 }) };
    for (const location of [
      `${other.base.href}v1/portforward`,
      `//${other.base.host}${CURRENT}`,
      'http://evil.example/',
    ]) {
      server.routes = { [CURRENT]: redirect(location) };
      await expect(client(auth).forwardedPort(server.base, never)).rejects.toThrow(
        /redirects to another host, (127\.0\.0\.1:\d+|evil\.example)$/,
      );
    }
    expect(other.asked).toEqual([]);
  },
);

/** A page that shows the request's headers, as debugging pages do. */
function echo(code: number): (typeof server.routes)[string] {
  return (response, request) => {
    response.writeHead(code).end(request.rawHeaders.toReversed().join(' '));
  };
}

async function errorText(asker: GluetunClient): Promise<string> {
  const error: unknown = await asker.forwardedPort(server.base, never).catch((reason: unknown) => reason);
  return error instanceof Error ? `${error.message} ${error.stack} ${JSON.stringify(error)}` : '';
}

const SECRETS = new RegExp(`TOP-SECRET|${BASIC_HEADER.slice('Basic '.length)}`);

test.each([KEY, BASIC])('no $kind credential is ever in an error', async (auth) => {
  for (const answer of [
    status(401),
    status(500),
    text('x'),
    json({ port: 'x' }),
    echo(200),
    echo(401),
    json('TOP-SECRET'),
    hang,
    redirect('http://evil.example/'),
    redirect(`http://portward:TOP-SECRET@${server.base.host}/`),
  ]) {
    server.routes = { [CURRENT]: answer };
    const shown = await errorText(client(auth, 200));
    expect(shown).toMatch(/control server/);
    expect(shown).not.toMatch(SECRETS);
  }
});

test.each<GluetunAuth>([
  { kind: 'api-key', key: 'TOP-SECRET\nx' },
  { kind: 'api-key', key: 'TOP-SECRET€' },
])("a key that can't be sent in a header is an error without the key", async (auth) => {
  server.routes = { [CURRENT]: json({ port: 40_648 }) };
  const shown = await errorText(client(auth));
  expect(shown).toMatch(/control server/);
  expect(shown).not.toMatch(SECRETS);
  expect(server.asked).toEqual([]);
});

const refusal = (asking: Promise<unknown>) => asking.then(String, (error: Error) => error.message);

describe('a role that permits some routes and lacks others', () => {
  const answers: Record<string, object> = {
    [`GET ${CURRENT}`]: { port: 40_648 },
    [`GET ${OLDER}`]: { port: 40_648 },
    [`GET ${PUBLIC_IP}`]: { public_ip: '203.0.113.7' },
    [`GET ${STATUS}`]: { status: 'running' },
  };

  /** Like Gluetun: routes that no role permits are 401, whether or not the credentials are right. */
  function permit(...routes: string[]): void {
    const answer: Answer = (response, request) => {
      const name = `${request.method} ${request.url}`;
      if (routes.includes(name)) json(answers[name])(response, request);
      else status(401, 'Unauthorized')(response, request);
    };
    server.routes = Object.fromEntries([CURRENT, OLDER, PUBLIC_IP, STATUS, OLDER_STATUS].map((path) => [path, answer]));
  }

  test.each<[string, (asker: GluetunClient) => Promise<unknown>]>([
    ['PUT /v1/vpn/status', (asker) => asker.reconnect(server.base, never, { mayBeStopped: true })],
    ['GET /v1/vpn/status', (asker) => asker.vpnStatus(server.base, never)],
    ['GET /v1/publicip/ip', (asker) => asker.publicIp(server.base, never)],
  ])('%s: the error names it, and the line for the role', async (lacking, ask) => {
    permit(`GET ${CURRENT}`);
    const asker = client(KEY);
    await asker.forwardedPort(server.base, never);
    expect(await refusal(ask(asker))).toBe(
      `the control server refuses ${lacking} (401), while it permits GET /v1/portforward with the same credentials: ` +
        `in its auth configuration give their role routes = ["GET /v1/portforward", "${lacking}"]`,
    );
  });

  test('GET /v1/portforward: the same', async () => {
    permit(`GET ${STATUS}`);
    const asker = client(BASIC);
    await asker.vpnStatus(server.base, never);
    expect(await refusal(asker.forwardedPort(server.base, never))).toMatch(
      /refuses GET \/v1\/portforward \(401\), .* routes = \["GET \/v1\/vpn\/status", "GET \/v1\/portforward"\]$/,
    );
  });

  test('of an older release: the error uses its route names, since it knows no others', async () => {
    permit(`GET ${OLDER}`);
    const asker = client(KEY);
    await asker.forwardedPort(server.base, never);
    expect(await refusal(asker.vpnStatus(server.base, never))).toMatch(
      /routes = \["GET \/v1\/openvpn\/portforwarded", "GET \/v1\/openvpn\/status"\]$/,
    );
  });

  test('a public route says nothing about credentials: the error says to set them', async () => {
    permit(`GET ${CURRENT}`);
    const asker = client({ kind: 'none' });
    await asker.forwardedPort(server.base, never);
    expect(await refusal(asker.vpnStatus(server.base, never))).toMatch(
      /refuses GET \/v1\/vpn\/status \(401\), while it permits GET \/v1\/portforward to everybody: .* set GLUETUN_API_KEY/,
    );
  });

  test('no route is permitted any more: the credentials are wrong', async () => {
    permit(`GET ${CURRENT}`);
    const asker = client(KEY);
    await asker.forwardedPort(server.base, never);
    permit();
    const wrong = /refuses access \(401\): set GLUETUN_API_KEY, .* where a role has to permit GET \/v1\//;
    expect(await refusal(asker.forwardedPort(server.base, never))).toMatch(wrong);
    expect(await refusal(asker.vpnStatus(server.base, never))).toMatch(wrong);
  });
});
