// A Temporal server whose database can be read during the start, and never again. It replaces `temporal server
// start-dev`.
const { createServer } = require('node:http2');

const NOT_FOUND = '5';
const UNIMPLEMENTED = '12';
const UNAVAILABLE = '14';
/** An empty message. */
const EMPTY = Buffer.alloc(5);

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
let started = false;

function statusOf(path) {
  if (path.endsWith('/DescribeNamespace')) return started ? UNAVAILABLE : '0';
  if (path.endsWith('/DescribeWorkflowExecution')) return started ? UNAVAILABLE : NOT_FOUND;
  if (!path.endsWith('/ListSearchAttributes')) return UNIMPLEMENTED;
  // The last question to a server before it counts as ready.
  started = true;
  return '0';
}

const server = createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  const status = statusOf(headers[':path']);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'GetNamespace failed: interrupted (9)' }),
  );
  stream.end(status === '0' ? EMPTY : undefined);
});
server.listen(port, '127.0.0.1');
