import type * as HttpProxy from '@fastify/http-proxy';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy';
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TEMPORAL_UI_PATH } from '../../temporal/ui-path';
import { comesFrom, hasRegistrableName, isFromAnotherSite, isOfAnotherPage } from '../http/access';
import { bearerToken, type Keys } from '../http/keys';
import { cookies, Sessions } from '../http/sessions';
import { contentPolicy } from '../http/security-headers';
import { signInPage, signInPolicy } from './sign-in-page';

/** The UI of the embedded Temporal server, which listens on loopback only. */
export interface TemporalUi {
  /** As `http://127.0.0.1:8233`. */
  readonly origin: string;
  /** Where connections of the host itself come from, if this process is in a container: of nobody else's. */
  readonly hostAddresses: () => Promise<readonly string[]>;
}

const SESSION = '/session';
/** Of the form that has the key. */
const FORM_BYTES_AT_MOST = 16 * 1024;
/** Lets the UI tell its own requests from those of other pages; the only cookie that it needs. */
const CSRF_COOKIE = '_csrf';

const NO_UI = {
  detail: 'the Temporal server at TEMPORAL_ADDRESS is not shown here: open its own UI',
};
const NOT_HERE = {
  detail:
    'no API key is set, so the Temporal UI is shown to the machine that Portward runs on and to nobody else: set API_KEY to sign in from elsewhere',
};
const ANOTHER_PAGE = { detail: 'a page of another address may not use the Temporal UI' };

/**
 * Whoever uses the UI can signal and end each workflow, so it is for people who have the key; without a key, for the machine
 * that Portward runs on. Engines, which share a network with us, are neither.
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
    await scope.register((inner) => show(inner, { keys, sessions, ui }));
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

/** Never of another site, whatever a form says. */
function ownAddress(to: string): string {
  const base = 'http://portward.invalid';
  const { origin, pathname, search } = URL.canParse(to, base) ? new URL(to, base) : new URL(base);
  const isOwn = origin === base && `${pathname}/`.startsWith(`${TEMPORAL_UI_PATH}/`);
  return isOwn ? pathname + search : TEMPORAL_UI_PATH;
}

interface Shown {
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly ui: TemporalUi;
}

async function show(fastify: FastifyInstance, shown: Shown): Promise<void> {
  fastify.addHook('onRequest', (request, reply) => admit(request, reply, shown));
  // What is sent goes on as it comes.
  fastify.removeAllContentTypeParsers();
  // Loaded only here: it brings an HTTP client of its own.
  const { default: httpProxy } = require('@fastify/http-proxy') as typeof HttpProxy;
  await fastify.register(httpProxy, {
    upstream: shown.ui.origin,
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
async function admit(request: FastifyRequest, reply: FastifyReply, shown: Shown): Promise<FastifyReply | undefined> {
  const { keys, sessions, ui } = shown;
  if (isOfAnotherPage(request)) return reply.code(403).send(ANOTHER_PAGE);
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
  if (isForPeople(request)) return sendSignIn(reply, request.url, null);
  return reply.send({ detail: `sign in at ${TEMPORAL_UI_PATH}, or send the API key as a bearer token` });
}

function isForPeople({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && headers.accept?.includes('text/html') === true;
}

type Headers = Record<string, IncomingHttpHeaders[string]>;

/** The key and the session are no business of the UI, which would pass an Authorization on to Temporal. */
function withoutSecrets(given: Headers): IncomingHttpHeaders {
  const { cookie, ...headers } = given;
  delete headers['authorization'];
  const csrf = cookies(String(cookie ?? '')).filter(({ name }) => name === CSRF_COOKIE);
  // Its page is looked into, see `send`.
  const encoding = headers.accept?.includes('text/html') ? { 'accept-encoding': 'identity' } : {};
  return { ...headers, ...encoding, cookie: csrf.map(({ name, value }) => `${name}=${value}`).join('; ') };
}

/** Its files have their content's hash in their names; all else changes. Its cookies are for its path only. */
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

/** Its page runs one script that is written in it, which the page's own policy then names. */
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
