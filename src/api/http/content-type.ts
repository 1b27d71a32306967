import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A request without a body counts as one with `{}`. */
    optionalBody?: boolean;
  }
}

/** The Content-Type set on bodies that are not read. */
const IGNORED = 'application/x-ignored';

/**
 * Sets the Content-Type of a request before its body is read. A route without a body ignores any body: `curl -X POST -d ''` sends a form, and so
 * does the client in Gluetun's image. A route with a body reads one without a Content-Type as JSON, as the system before Portward did.
 */
export function setContentTypes(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async ({ raw: { headers }, routeOptions: { schema }, is404 }) => {
    // Routes outside of the API, such as Temporal's UI, get the request unchanged.
    if (!is404 && (schema === undefined || schema.hide === true)) return;
    if (schema?.body === undefined) headers['content-type'] = IGNORED;
    else if (headers['content-length'] === '0') delete headers['content-type'];
    else headers['content-type'] ??= 'application/json';
  });
  fastify.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.optionalBody === true) request.body ??= {};
  });
  // Fastify's own parsers accept plain text, which no route takes.
  fastify.removeAllContentTypeParsers();
  // The answer does not wait for the end of an ignored body: Gluetun waits for the up-command, which waits for the answer.
  fastify.addContentTypeParser(IGNORED, (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Some clients set a Content-Type without sending a body.
    if (body === '') done(null);
    else void parse(request, String(body), done);
  });
}
