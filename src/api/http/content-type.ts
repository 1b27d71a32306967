import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** All of its body is optional, and so is the body. */
    optionalBody?: boolean;
  }
}

/** Of what nobody reads. */
const IGNORED = 'application/x-ignored';

/**
 * Decides what a body counts as before it is read. A route that takes none is not disturbed by one, whatever it is:
 * `curl -X POST -d ''` calls it a form, and so does what Gluetun's up-command has for a client. A route that takes one gets
 * JSON also from a client that does not say so, as from the system before.
 */
export function decideContentTypes(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async ({ raw: { headers }, routeOptions: { schema }, is404 }) => {
    // What is not of this API, as Temporal's UI, gets what comes as it is.
    if (!is404 && (schema === undefined || schema.hide === true)) return;
    if (schema?.body === undefined) headers['content-type'] = IGNORED;
    else if (headers['content-length'] === '0') delete headers['content-type'];
    else headers['content-type'] ??= 'application/json';
  });
  fastify.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.optionalBody === true) request.body ??= {};
  });
  // Fastify's own take texts, too, which no route does.
  fastify.removeAllContentTypeParsers();
  // Without waiting for its end: who sends a hint waits for the answer while Gluetun waits for the sender.
  fastify.addContentTypeParser(IGNORED, (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Clients name a Content-Type also where they send nothing.
    if (body === '') done(null);
    else void parse(request, String(body), done);
  });
}
