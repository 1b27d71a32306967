import { createServer, type Http2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { until } from '../simulator/until';
import { lazyClient, WORKER_STARTING, targetAt } from '../../src/temporal/client';

const NOT_FOUND = '5';
const RESOURCE_EXHAUSTED = '8';
const UNIMPLEMENTED = '12';

let server: Http2Server | Server;

afterEach(() => new Promise((closed) => server.close(closed)));

/** A server that answers RESOURCE_EXHAUSTED that many times, and then that there is no such workflow. */
async function busyServer(times: number): Promise<string> {
  let left = times;
  const busy = createServer();
  busy.on('stream', (stream, headers) => {
    const asked = headers[':path']?.endsWith('/DescribeWorkflowExecution') === true;
    const status = !asked ? UNIMPLEMENTED : left-- > 0 ? RESOURCE_EXHAUSTED : NOT_FOUND;
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': 'as told' },
      { endStream: true },
    );
  });
  return listen(busy);
}

async function listen(on: Http2Server | Server): Promise<string> {
  server = on;
  await new Promise<void>((listening) => on.listen(0, '127.0.0.1', listening));
  return `127.0.0.1:${(on.address() as AddressInfo).port}`;
}

test('a request to a workflow that is busy for a moment succeeds within the deadline of a query', async () => {
  const { client, connection } = lazyClient(targetAt(await busyServer(2)));
  try {
    await connection.ensureConnected();
    const asking = connection.withDeadline(Date.now() + 2_500, () =>
      client.workflow.getHandle('vpn/test/x').describe(),
    );
    await expect(asking).rejects.toThrow(WorkflowNotFoundError);
  } finally {
    await connection.close();
  }
});

test('while there are requests, the client tries to connect to a missing server several times a second', async () => {
  let tries = 0;
  const closing = createTcpServer((socket) => {
    tries++;
    socket.destroy();
  });
  const { client, connection } = lazyClient(targetAt(await listen(closing)));
  const describeOne = () => client.workflow.getHandle('vpn/test/x').describe();
  try {
    // With gRPC's default pauses there would be 6 tries in 20 s.
    await until(
      '12 tries',
      async () => {
        await expect(connection.withDeadline(Date.now() + 200, describeOne)).rejects.toBeInstanceOf(ServiceError);
        return tries >= 12;
      },
      20_000,
    );
  } finally {
    await connection.close();
  }
});

test('no query is sent while mayQuery returns false', async () => {
  const paths: string[] = [];
  const quiet = createServer();
  quiet.on('stream', (stream, headers) => {
    paths.push(String(headers[':path']).replace(/.*\//, ''));
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': NOT_FOUND, 'grpc-message': 'as told' },
      { endStream: true },
    );
  });
  let mayQuery = false;
  const { client, connection } = lazyClient(targetAt(await listen(quiet)), () => mayQuery);
  const ask = () => client.workflow.getHandle('vpn/test/x').query('state');
  try {
    await expect(ask()).rejects.toThrow(WORKER_STARTING);
    expect(paths).not.toContain('QueryWorkflow');
    mayQuery = true;
    await expect(ask()).rejects.toThrow(WorkflowNotFoundError);
    expect(paths).toContain('QueryWorkflow');
  } finally {
    await connection.close();
  }
});
