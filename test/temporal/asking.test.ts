import { getEventListeners, once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Connection } from '@temporalio/client';
import { askingTemporal } from '../../src/temporal/asking';

// With Temporal's own client, and a server that accepts connections and never answers.

let silent: Server;
const taken = new Set<Socket>();
let connection: Connection;

beforeAll(async () => {
  silent = createServer((socket) => taken.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  connection = Connection.lazy({ address: `127.0.0.1:${(silent.address() as AddressInfo).port}` });
});

afterAll(async () => {
  await connection.close();
  for (const socket of taken) socket.destroy();
  silent.close();
});

const ask = () => connection.workflowService.getSystemInfo({});

test('a request ends when its time is up, and leaves no listener at the signal', async () => {
  const { signal } = new AbortController();
  for (let round = 0; round < 3; round++) {
    await expect(askingTemporal(connection, { withinMs: 20, signal }, ask)).rejects.toThrow(/DEADLINE_EXCEEDED/);
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a request ends at once when the signal is aborted', async () => {
  const outer = new AbortController();
  const asked = askingTemporal(connection, { withinMs: 600_000, signal: outer.signal }, async () => {
    const answer = ask();
    outer.abort();
    return answer;
  });
  await expect(asked).rejects.toThrow(/CANCELLED/);
});
