import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AceStreamApi, url } from '../../src/engine/engine-api';

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

const api = new AceStreamApi();
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

test.each([404, 500, 503])('an engine that answers %i is not up', async (status) => {
  answer = (response) => response.writeHead(status).end();
  await expect(asking()).rejects.toThrow(`the engine's API answers ${status}`);
});

test('an engine that does not listen is not up', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  await expect(api.answers({ host: '127.0.0.1', port }, new AbortController().signal)).rejects.toThrow('fetch failed');
});

test('asking an engine that hangs ends when it is called off', async () => {
  answer = () => undefined;
  const controller = new AbortController();
  const pending = asking(controller.signal);
  controller.abort();
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
});

test('an IPv6 address is put in brackets', () => {
  expect(url({ host: 'fd00::2', port: 19_000 }, '/x').href).toBe('http://[fd00::2]:19000/x');
});
