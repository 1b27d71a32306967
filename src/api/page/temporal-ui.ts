import type * as HttpProxy from '@fastify/http-proxy';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy';
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TEMPORAL_UI_PATH } from '../../temporal/ui-path';
import { comesFrom, hasRegistrableName, isFromAnotherSite, isFromAnotherPage } from '../http/access';
import { bearerToken, type Keys } from '../http/keys';
import { cookies, Sessions } from '../http/sessions';
import { contentPolicy } from '../http/security-headers';
import { signInPage, signInPolicy } from './sign-in-page';

/** The UI of the embedded Temporal server, which listens on loopback only. */
export interface TemporalUi {
  /** For example `http://127.0.0.1:8233`. */
  readonly origin: string;
  /** If this process is in a container, the addresses that only connections from its host have. */
  readonly hostAddresses: () => Promise<readonly string[]>;
}

const SESSION = '/session';
/** Limit for the sign-in form. */
const FORM_BYTES_AT_MOST = 16 * 1024;
/** The only cookie that the UI needs. With it the UI tells its own requests from those of other pages. */
const CSRF_COOKIE = '_csrf';

const NO_UI = {
  detail: 'TEMPORAL_ADDRESS names another Temporal server, whose UI Portward does not serve: open that UI directly',
};
const NOT_HERE = {
  detail:
    'no API key is set, so only the machine that Portward runs on may use the Temporal UI: set API_KEY to sign in from elsewhere',
};
const ANOTHER_PAGE = { detail: 'a page from another address may not use the Temporal UI' };

/**
 * Serves the Temporal UI. It can signal and terminate every workflow, so it needs the API key. If no key is set, only the machine that
 * Portward runs on may use it. Engines share a network with Portward, and must not get in.
 */
export async function temporalUiRoutes(fastify: FastifyInstance, keys: Keys, ui: TemporalUi | null): Promise<void> {
  await fastify.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    if (ui === null) {
      for (const path of [TEMPORAL_UI_PATH, `${TEMPORAL_UI_PATH}/*`])
        scope.get(path, (_request, reply) => reply.code(404).send(NO_UI));
      return;
    }
    const sessions = new Sessions(TEMPORAL_UI_PATH);
    if (keys.areSet) await scope.register((inner) => signIn(inner, keys, sessions));
    await scope.register((inner) => proxy(inner, { keys, sessions, ui }));
  });
}

async function signIn(fastify: FastifyInstance, keys: Keys, sessions: Sessions): Promise<void> {
  const FORM = 'application/x-www-form-urlencoded';
  fastify.removeContentTypeParser(FORM);
  fastify.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: FORM_BYTES_AT_MOST }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  fastify
    .withTypeProvider<TypeBoxTypeProvider>()
    .post(
      SESSION,
      { config: { limited: true }, schema: { body: Type.Object({ key: Type.String(), to: Type.String() }) } },
      async (request, reply) => {
        const { key, to } = request.body;
        const refusal = await keys.refusal(request, key);
        if (refusal !== null) {
          const problem = refusal.status === 403 ? 'That is not the key.' : refusal.detail;
          if (refusal.retryAfterS !== null) void reply.header('retry-after', refusal.retryAfterS);
          return sendSignIn(reply.code(refusal.status), to, problem);
        }
        return reply.header('set-cookie', sessions.begin(request)).redirect(ownAddress(to), 303);
      },
    );
}

function sendSignIn(reply: FastifyReply, to: string, problem: string | null): FastifyReply {
  return reply
    .header('content-security-policy', signInPolicy)
    .type('text/html; charset=utf-8')
    .send(signInPage({ action: SESSION, to: ownAddress(to), problem }));
}

/** The address in the form, or the UI's first page if it is not an address of the UI: a form must not redirect to another site. */
function ownAddress(to: string): string {
  const base = 'http://portward.invalid';
  const { origin, pathname, search } = URL.canParse(to, base) ? new URL(to, base) : new URL(base);
  const isOwn = origin === base && `${pathname}/`.startsWith(`${TEMPORAL_UI_PATH}/`);
  return isOwn ? pathname + search : TEMPORAL_UI_PATH;
}

interface ProxyOptions {
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly ui: TemporalUi;
}

async function proxy(fastify: FastifyInstance, options: ProxyOptions): Promise<void> {
  fastify.addHook('onRequest', (request, reply) => admit(request, reply, options));
  // Bodies are passed on unparsed.
  fastify.removeAllContentTypeParsers();
  // Loaded only when it is needed, because it brings an HTTP client of its own.
  const { default: httpProxy } = require('@fastify/http-proxy') as typeof HttpProxy;
  await fastify.register(httpProxy, {
    upstream: options.ui.origin,
    prefix: TEMPORAL_UI_PATH,
    rewritePrefix: TEMPORAL_UI_PATH,
    httpMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    disableRequestLogging: true,
    replyOptions: {
      rewriteRequestHeaders: (_request, headers) => withoutSecrets(headers),
      rewriteHeaders: (headers, request) => ({ ...headers, ...ownHeaders(headers, request?.url ?? '') }),
      onResponse: (_request, reply, response) => void send(reply, response.stream),
      onError: (reply) =>
        void reply.code(502).send({ detail: 'the Temporal UI does not answer; try again in a moment' }),
    },
  });
}

/** Lets the request pass, or answers it. */
async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  { keys, sessions, ui }: ProxyOptions,
): Promise<FastifyReply | undefined> {
  if (isFromAnotherPage(request)) return reply.code(403).send(ANOTHER_PAGE);
  if (!keys.areSet) {
    if (hasRegistrableName(request) || isFromAnotherSite(request)) return reply.code(403).send(ANOTHER_PAGE);
    const isHost = comesFrom(request, []) || comesFrom(request, await ui.hostAddresses());
    return isHost ? undefined : reply.code(403).send(NOT_HERE);
  }
  if (sessions.covers(request)) return undefined;
  const token = bearerToken(request);
  const refusal = token === undefined ? null : await keys.refusal(request, token);
  if (token !== undefined && refusal === null) return undefined;
  if (refusal !== null) {
    if (refusal.retryAfterS !== null) void reply.header('retry-after', refusal.retryAfterS);
    return reply.code(refusal.status).send({ detail: refusal.detail });
  }
  void reply.code(401).header('www-authenticate', 'Bearer');
  if (isFromBrowser(request)) return sendSignIn(reply, request.url, null);
  return reply.send({ detail: `sign in at ${TEMPORAL_UI_PATH}, or send the API key as a bearer token` });
}

function isFromBrowser({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true;
}

type Headers = Record<string, IncomingHttpHeaders[string]>;

/** Removes the key and the session from a request. The UI does not need them, and would pass an Authorization header on to Temporal. */
function withoutSecrets(given: Headers): IncomingHttpHeaders {
  const { cookie, ...headers } = given;
  delete headers['authorization'];
  const csrf = cookies(String(cookie ?? '')).filter(({ name }) => name === CSRF_COOKIE);
  // `send` reads pages, so they must not be compressed.
  const encoding = headers.accept?.includes('text/html') ? { 'accept-encoding': 'identity' } : {};
  return { ...headers, ...encoding, cookie: csrf.map(({ name, value }) => `${name}=${value}`).join('; ') };
}

/** Files with a hash of their content in their names may be cached; nothing else may. Cookies are restricted to the UI's path. */
function ownHeaders(headers: Headers, url: string): IncomingHttpHeaders {
  const isFixed = url.startsWith(`${TEMPORAL_UI_PATH}/_app/immutable/`);
  const set = [headers['set-cookie'] ?? []].flat();
  return {
    'cache-control': isFixed ? 'private, max-age=31536000, immutable' : 'no-store',
    'set-cookie': set.map((cookie) => cookie.replace(/; *Path=[^;]*/i, `; Path=${TEMPORAL_UI_PATH}`)),
  };
}

type ProxyHooks = NonNullable<FastifyHttpProxyOptions['replyOptions']>;
type ProxyReply = Parameters<NonNullable<ProxyHooks['onResponse']>>[1];

/** Sends an answer of the UI. Its page contains an inline script, which the page's Content-Security-Policy allows by its hash. */
async function send(reply: ProxyReply, stream: NodeJS.ReadableStream): Promise<void> {
  if (!String(reply.getHeader('content-type')).startsWith('text/html')) return void reply.send(stream);
  const page = await text(stream);
  const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = '']) => `'${sha256(script)}'`);
  void reply.header('content-security-policy', pagePolicy(scripts)).send(page);
}

function sha256(script: string): string {
  return `sha256-${createHash('sha256').update(script).digest('base64')}`;
}

function pagePolicy(scripts: readonly string[]): string {
  return contentPolicy(
    ["script-src 'self'", ...scripts].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "media-src 'self'",
    "manifest-src 'self' data:",
    "base-uri 'none'",
    "form-action 'self'",
  );
}
