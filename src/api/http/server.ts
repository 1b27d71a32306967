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
/** Of a name or an id in a path. A stream's id has 2,000 characters at most, each of which may take three there. */
const PARAMETER_LENGTH_AT_MOST = 6_000;
/** Until a request's head has come, and until all of it has; a client that takes longer only holds a place. */
const HEAD_WITHIN_MS = 5_000;
const REQUEST_WITHIN_MS = 10_000;
/** How often Node looks for those that have not kept to it; its own 30 s would be the true limit. */
const LOOK_FOR_LATE_EVERY_MS = 1_000;
/** No byte either way: a client that does not read its answer. */
const SILENT_FOR_AT_MOST_MS = 60_000;
/** Below what an open-files limit of 1024 leaves: Docker and Temporal need theirs. */
const CONNECTIONS_AT_MOST = 900;

/** Fastify with the limits that hold before any route is found. Tests use the same one. */
export function apiServer(loggerInstance?: FastifyBaseLogger): FastifyInstance {
  const server: FastifyInstance = Fastify({
    ...(loggerInstance ? { loggerInstance } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_AT_MOST,
    forceCloseConnections: true,
    // While it closes: what comes then is answered as ever, and an event is sent at once.
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_AT_MOST, ignoreTrailingSlash: true },
    connectionTimeout: SILENT_FOR_AT_MOST_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    http: {
      maxHeaderSize: HEADER_BYTES_AT_MOST,
      headersTimeout: HEAD_WITHIN_MS,
      connectionsCheckingInterval: LOOK_FOR_LATE_EVERY_MS,
      // Node's own answer has no body; the hook below says what is missing.
      requireHostHeader: false,
    },
    schemaController: { compilersFactory: { buildSerializer } },
    frameworkErrors: refuse,
    clientErrorHandler: refuseConnection,
  });
  server.server.maxConnections = CONNECTIONS_AT_MOST;
  // Node's own answer to an Expect that it does not know has no body that says why; there is no harm in going on.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  server.server.on('connect', (_request, socket: Socket) => {
    socket.on('error', () => undefined);
    answerOn(socket, 501, 'Portward is not a proxy: it does not take CONNECT');
  });
  server.addHook('onRequest', async ({ raw }, reply) => {
    if (raw.httpVersion !== '1.1' || raw.headers.host !== undefined) return undefined;
    return reply.code(400).headers(securityHeaders).send({ detail: 'an HTTP/1.1 request needs a Host header' });
  });
  return server;
}

/** An address that can't be decoded, a parameter that is too long. */
function refuse(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .code(error.statusCode ?? 400)
    .headers(securityHeaders)
    .send({ detail: error.message });
}

/** What is no HTTP request at all has no reply to write to, only the connection. */
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
        `the request came too slowly: its headers have to be there within ${HEAD_WITHIN_MS / 1000} s, all of it within ${REQUEST_WITHIN_MS / 1000} s`,
      ];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, 'the extensions of a chunk are too large'];
    case 'HPE_HEADER_OVERFLOW':
      return [431, `address and headers are over ${HEADER_BYTES_AT_MOST / 1024} KiB`];
    default:
      return [400, 'this is not an HTTP/1.1 request'];
  }
}
