import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { url } from '../../../src/clients/engine/engine-api';
import { engineApi } from '../../../src/clients/engine/engine-probe';
import { variants } from '../../../src/clients/engine/variants';

let answer: (response: ServerResponse) => void;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  answer(response);
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const aceStream = variants({ arm32: 'x', arm64: 'x' })['krinkuto11-amd64'];
if (!aceStream) throw new Error('the default variant is not there');
const api = engineApi(aceStream);
const endpoint = () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
const asking = (signal = new AbortController().signal) => api.answers(endpoint(), signal);

test('an engine that answers is up', async () => {
  answer = (response) => response.end('{"result":{"connected":true}}');
  await asking();
  expect(asked.at(-1)).toBe('/server/api?api_version=3&method=get_network_connection_status');
});

test.each([401, 403])('an engine that answers %i is up too', async (status) => {
  answer = (response) => response.writeHead(status).end();
  await expect(asking()).resolves.toBeUndefined();
});

test('an engine that redirects is not up, and the redirect is not followed', async () => {
  const before = asked.length;
  answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end();
  await expect(asking()).rejects.toThrow("the engine's API answers 302");
  expect(asked.slice(before)).toEqual(['/server/api?api_version=3&method=get_network_connection_status']);
});

test.each([404, 500, 503])('an engine that answers %i is not up', async (status) => {
  answer = (response) => response.writeHead(status).end();
  await expect(asking()).rejects.toThrow(`the engine's API answers ${status}`);
});

test('an engine that does not listen is not up', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  await expect(api.answers({ host: '127.0.0.1', port }, new AbortController().signal)).rejects.toThrow('ECONNREFUSED');
});

test('a question to a hanging engine ends when it is cancelled', async () => {
  answer = () => undefined;
  const controller = new AbortController();
  const pending = asking(controller.signal);
  controller.abort();
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
});

const connected = () => api.connected(endpoint(), new AbortController().signal);

test.each([true, false])('an engine that says connected: %s is believed', async (value) => {
  answer = (response) => response.end(JSON.stringify({ result: { connected: value }, error: null }));
  expect(await connected()).toBe(value);
  expect(asked.at(-1)).toBe('/server/api?api_version=3&method=get_network_connection_status');
});

test.each([
  ['no JSON', '<html>connected</html>', 200, /does not say whether it is connected, but "<html>/],
  ['another form', '{"result":{"connected":"yes"}}', 200, /does not say whether it is connected/],
  ['no result', '{"error":"unknown method"}', 200, /does not say whether it is connected/],
  ['a 401', '{"result":{"connected":true}}', 401, /answers 401 when asked whether it is connected/],
  ['a 500', '{"result":{"connected":false}}', 500, /answers 500/],
  ['a huge answer', `{"result":{"connected":true},"x":"${'x'.repeat(20_000)}"}`, 200, /over 16384 bytes/],
])('an engine that answers %s does not tell whether it is connected', async (_what, body, status, message) => {
  answer = (response) => response.writeHead(status).end(body);
  await expect(connected()).rejects.toThrow(message);
});

test('an IPv6 address is put in brackets', () => {
  expect(url({ host: 'fd00::2', port: 19_000 }, '/x').href).toBe('http://[fd00::2]:19000/x');
});
