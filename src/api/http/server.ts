import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { securityHeaders } from './security-headers';
import { buildSerializer } from './serializers';

const BODY_BYTES_AT_MOST = 256 * 1024;
const HEADER_BYTES_AT_MOST = 16 * 1024;
/** For a name or an id in a path. The id of a stream has at most 2,000 characters, each of which takes up to three when it is encoded. */
const PARAMETER_LENGTH_AT_MOST = 6_000;
/** Time for the headers of a request. A client that takes longer only occupies a connection. */
const HEADERS_WITHIN_MS = 5_000;
/** Time for a whole request. */
const REQUEST_WITHIN_MS = 10_000;
/** How often Node checks these two times. Its default is 30 s, so that requests would end that much later. */
const CHECK_TIMEOUTS_EVERY_MS = 1_000;
/** Time without a byte in either direction. It ends answers whose client does not read. */
const SILENT_FOR_AT_MOST_MS = 60_000;
/** Below an open-files limit of 1024, so that files remain for connections to Docker and Temporal. */
const CONNECTIONS_AT_MOST = 900;

/** Fastify with the limits that apply before a route is found. Tests use it, too. */
export function apiServer(loggerInstance?: FastifyBaseLogger): FastifyInstance {
  const server: FastifyInstance = Fastify({
    ...(loggerInstance ? { loggerInstance } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_AT_MOST,
    forceCloseConnections: true,
    // Requests during a close are answered as usual.
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_AT_MOST, ignoreTrailingSlash: true },
    connectionTimeout: SILENT_FOR_AT_MOST_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    http: {
      maxHeaderSize: HEADER_BYTES_AT_MOST,
      headersTimeout: HEADERS_WITHIN_MS,
      connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
      // Node's own answer to a request without a Host header has no body. The hook below answers instead.
      requireHostHeader: false,
    },
    schemaController: { compilersFactory: { buildSerializer } },
    frameworkErrors: refuse,
    clientErrorHandler: refuseConnection,
  });
  server.server.maxConnections = CONNECTIONS_AT_MOST;
  // Node answers an unknown Expect header with an error without a body. The header is ignored instead, which does no harm.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  server.server.on('connect', (_request, socket: Socket) => {
    socket.on('error', () => undefined);
    answerOn(socket, 501, 'Portward is not a proxy, so it does not support CONNECT');
  });
  server.addHook('onRequest', async ({ raw }, reply) => {
    if (raw.httpVersion !== '1.1' || raw.headers.host !== undefined) return undefined;
    return reply.code(400).headers(securityHeaders).send({ detail: 'an HTTP/1.1 request needs a Host header' });
  });
  return server;
}

/** Answers an address that can't be decoded, or has a parameter that is too long. */
function refuse(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .code(error.statusCode ?? 400)
    .headers(securityHeaders)
    .send({ detail: error.message });
}

/** Answers what is not a valid HTTP request. There is no reply object then, so the answer is written to the connection. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, detail] = connectionError(error.code);
  answerOn(socket, status, detail, error);
}

function answerOn(socket: Socket, status: number, detail: string, error?: Error): void {
  const body = JSON.stringify({ detail });
  const head = Object.entries({
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  socket.destroy(error);
}

function connectionError(code: string | undefined): [status: number, detail: string] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [
        408,
        `the request was too slow: the headers must arrive within ${HEADERS_WITHIN_MS / 1000} s, and the whole request within ${REQUEST_WITHIN_MS / 1000} s`,
      ];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'the extensions of a chunk are too large'];
    case 'HPE_HEADER_OVERFLOW':
      return [431, `the address and the headers together are larger than ${HEADER_BYTES_AT_MOST / 1024} KiB`];
    default:
      return [400, 'this is not an HTTP/1.1 request'];
  }
}
