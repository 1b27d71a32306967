import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Connection } from '@temporalio/client';
import { askingTemporal } from '../../src/temporal/asking';
import { lazyClient, targetAt } from '../../src/temporal/client';
import { until } from '../simulator/until';

// What the server sees of calls, with Temporal's own client, and a server that answers GetSystemInfo only.

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
    // gRPC's format is a number and its unit, here milliseconds.
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

/** Makes another call. When it arrives, everything sent before has arrived, too. */
async function anotherCall() {
  void read().catch(() => {});
  await until('another call', async () => calls[1] ?? null);
}

test('a call ends for its caller at the deadline, and the server has more than 10 s for it', async () => {
  const asked = Date.now();
  const answer = connection.withDeadline(asked + 200, read).catch(String);
  const { timeout, stream } = await oneCall();
  expect(await answer).toMatch(/DEADLINE_EXCEEDED: no answer in time/);
  expect(timeout).toBeGreaterThan(10_000);
  await anotherCall();
  expect([stream.aborted, stream.closed]).toEqual([false, false]);
});

test('a cancelled call ends for its caller at once, and the server goes on with it', async () => {
  const gone = new AbortController();
  const answer = askingTemporal(connection, { withinMs: 600_000, signal: gone.signal }, read).catch(String);
  const { stream } = await oneCall();
  gone.abort();
  expect(await answer).toMatch(/CANCELLED/);
  await anotherCall();
  expect([stream.aborted, stream.closed]).toEqual([false, false]);
});

test('a call after its deadline is not sent to the server', async () => {
  await expect(connection.withDeadline(Date.now() - 1, read)).rejects.toThrow(/DEADLINE_EXCEEDED/);
  expect(calls).toEqual([]);
});

test('the error of a call that ended at its deadline does not contain the API key', async () => {
  const refused = connection.withDeadline(Date.now() + 100, read).catch((error: unknown) => error);
  expect((await oneCall()).key).toBe('Bearer secret-key');
  const error = await refused;
  expect(error).toMatchObject({ code: 4 });
  expect(JSON.stringify((error as { metadata: { getMap(): object } }).metadata.getMap())).toBe('{}');
});
