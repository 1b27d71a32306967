import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { engineApi, type HealthProbe } from '../../../src/clients/engine/engine-probe';

let status = 200;
const asked: string[] = [];
const web = createHttpServer((request, response) => {
  asked.push(request.url ?? '');
  response.writeHead(status).end('anything');
});
/** Accepts connections and sends nothing. */
const silent = createServer((socket) => {
  socket.resume();
  socket.on('error', () => socket.destroy());
});

const listen = (server: Server | HttpServer) =>
  new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
const endpointOf = (server: Server | HttpServer) => ({
  host: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
});
beforeAll(() => Promise.all([listen(web), listen(silent)]));
afterAll(async () => {
  web.closeAllConnections();
  await Promise.all([web, silent].map((server) => new Promise((resolve) => server.close(resolve))));
});

function answers(health: HealthProbe, server: Server | HttpServer = web): Promise<void> {
  return engineApi({ health, connectionStatus: false }).answers(endpointOf(server), new AbortController().signal);
}
const http = (...statuses: Extract<HealthProbe, { type: 'http' }>['statuses']): HealthProbe => ({
  type: 'http',
  path: '/ready?deep=1',
  statuses,
});
const askedByHttp = (connectionStatus: boolean) => engineApi({ health: http('2xx'), connectionStatus });

test("over HTTP the probe's path is requested", async () => {
  status = 200;
  await answers(http('2xx'));
  expect(asked.at(-1)).toBe('/ready?deep=1');
});

test.each([
  [204, ['2xx'], true],
  [204, [204], true],
  [204, [200], false],
  [403, ['2xx', 403], true],
  [401, ['2xx', 403], false],
  [302, ['3xx'], true],
  [302, ['2xx'], false],
  [500, ['2xx', '3xx', '4xx'], false],
  [503, ['5xx'], true],
] as const)('status %i, if %j count, is an answer: %s', async (sent, statuses, counts) => {
  status = sent;
  const [answered] = await Promise.allSettled([answers(http(...statuses))]);
  expect(answered).toEqual(
    counts
      ? { status: 'fulfilled', value: undefined }
      : { status: 'rejected', reason: new Error(`the engine's API answers ${sent}`) },
  );
});

test('over TCP an accepted connection is enough, and is closed', async () => {
  const accepted = once(silent, 'connection');
  await answers({ type: 'tcp' }, silent);
  const [socket] = (await accepted) as [Socket];
  if (!socket.destroyed) await once(socket, 'close');
  expect(socket.destroyed).toBe(true);
});

test('over TCP a port without a listener is no answer', async () => {
  const gone = createServer();
  await listen(gone);
  const endpoint = endpointOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  const api = engineApi({ health: { type: 'tcp' }, connectionStatus: false });
  await expect(api.answers(endpoint, new AbortController().signal)).rejects.toThrow('ECONNREFUSED');
});

test('a probe ends when it is cancelled', async () => {
  const controller = new AbortController();
  const health: HealthProbe = { type: 'http', path: '/', statuses: ['2xx'] };
  const asking = engineApi({ health, connectionStatus: false }).answers(endpointOf(silent), controller.signal);
  controller.abort();
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
});

test('only engines of kinds that can tell are asked whether they are connected', async () => {
  status = 200;
  const before = asked.length;
  const { signal } = new AbortController();
  await expect(askedByHttp(false).connected(endpointOf(web), signal)).rejects.toThrow('can not be asked');
  expect(asked).toHaveLength(before);
  await expect(askedByHttp(true).connected(endpointOf(web), signal)).rejects.toThrow(
    'does not say whether it is connected',
  );
  expect(asked.at(-1)).toBe('/server/api?api_version=3&method=get_network_connection_status');
});
