import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { WorkflowNotFoundError } from '@temporalio/client';
import { lazyClient, targetAt } from '../../src/temporal/client';

const NOT_FOUND = '5';
const RESOURCE_EXHAUSTED = '8';
const UNIMPLEMENTED = '12';

let server: Http2Server;

afterEach(() => new Promise((closed) => server.close(closed)));

/** A server that knows no workflow, and first says several times that it is busy. */
async function busyServer(times: number): Promise<string> {
  let left = times;
  server = createServer();
  server.on('stream', (stream, headers) => {
    const asked = headers[':path']?.endsWith('/DescribeWorkflowExecution') === true;
    const status = !asked ? UNIMPLEMENTED : left-- > 0 ? RESOURCE_EXHAUSTED : NOT_FOUND;
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': 'as told' },
      { endStream: true },
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a workflow that is busy for a moment answers within the deadline of a query', async () => {
  const { client, connection } = lazyClient(targetAt(await busyServer(2)));
  try {
    await connection.ensureConnected();
    const asking = connection.withDeadline(Date.now() + 500, () => client.workflow.getHandle('vpn/test/x').describe());
    await expect(asking).rejects.toThrow(WorkflowNotFoundError);
  } finally {
    await connection.close();
  }
});
