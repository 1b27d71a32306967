import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Connection } from '@temporalio/client';
import { askingTemporal } from '../../src/temporal/asking';
import { lazyClient, targetAt } from '../../src/temporal/client';
import { until } from '../simulator/until';

// How calls look to the server, with Temporal's own client at a server that answers nothing but what it is.

let server: Http2Server;
let connection: Connection;
const calls: { readonly timeout: number; readonly key: string | undefined; readonly stream: ServerHttp2Stream }[] = [];

beforeEach(async () => {
  calls.length = 0;
  server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path']?.endsWith('/GetSystemInfo')) {
      const unimplemented = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' };
      stream.respond(unimplemented, { endStream: true });
      return;
    }
    // As gRPC has it: a number and its unit, here milliseconds.
    calls.push({
      timeout: Number.parseInt(String(headers['grpc-timeout'] ?? '0'), 10),
      key: headers.authorization,
      stream,
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const target = targetAt(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  ({ connection } = lazyClient({ ...target, connection: { ...target.connection, apiKey: 'secret-key', tls: false } }));
  await connection.ensureConnected();
});

afterEach(async () => {
  for (const { stream } of calls) stream.destroy();
  await connection.close();
  await new Promise((closed) => server.close(closed));
});

const read = () => connection.workflowService.describeNamespace({ namespace: 'default' });

async function oneCall() {
  return until('a call', async () => calls[0] ?? null);
}

/** What was sent to the server before has come by then. */
async function anotherCall() {
  void read().catch(() => {});
  await until('another call', async () => calls[1] ?? null);
}

test('a caller that stops waiting is told in time, and the server has more than 10 s for the call', async () => {
  const asked = Date.now();
  const answer = connection.withDeadline(asked + 200, read).catch(String);
  const { timeout, stream } = await oneCall();
  expect(await answer).toMatch(/DEADLINE_EXCEEDED: no answer in time/);
  expect(timeout).toBeGreaterThan(10_000);
  await anotherCall();
  expect([stream.aborted, stream.closed]).toEqual([false, false]);
});

test('a caller that goes away is told at once, and the server goes on with the call', async () => {
  const gone = new AbortController();
  const answer = askingTemporal(connection, { withinMs: 600_000, signal: gone.signal }, read).catch(String);
  const { stream } = await oneCall();
  gone.abort();
  expect(await answer).toMatch(/CANCELLED/);
  await anotherCall();
  expect([stream.aborted, stream.closed]).toEqual([false, false]);
});

test('a time that is up before it is asked costs the server nothing', async () => {
  await expect(connection.withDeadline(Date.now() - 1, read)).rejects.toThrow(/DEADLINE_EXCEEDED/);
  expect(calls).toEqual([]);
});

test('the error of a call that was given up holds nothing of the API key', async () => {
  const refused = connection.withDeadline(Date.now() + 100, read).catch((error: unknown) => error);
  expect((await oneCall()).key).toBe('Bearer secret-key');
  const error = await refused;
  expect(error).toMatchObject({ code: 4 });
  expect(JSON.stringify((error as { metadata: { getMap(): object } }).metadata.getMap())).toBe('{}');
});
