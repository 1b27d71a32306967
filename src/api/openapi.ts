import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { ErrorSchema } from './schemas';

type Answers = Record<number, unknown>;

function answer(description: string): typeof ErrorSchema {
  return { ...ErrorSchema, description };
}

/** What any route may answer besides its own. */
const ANY: Answers = {
  400: answer('The request can not be read: its address can not be decoded, or its body is not JSON.'),
  408: answer('The request did not come in time.'),
  414: answer('The address, or a name in it, is too long.'),
  431: answer('Address and headers are too large.'),
};
const WITH_NAMES: Answers = { 404: answer('There is nothing of that name.') };
const WITH_BODY: Answers = {
  413: answer('The body is over 256 KiB.'),
  415: answer('The body is not of Content-Type application/json.'),
};
const CHECKED: Answers = { 422: answer('Body or headers are of another form.') };
const LOCKED: Answers = {
  401: answer('An API key is asked for, and none came.'),
  403: answer('The key is wrong; or none is set, and this route is closed.'),
};
const LIMITED: Answers = { 429: answer('Too many such requests, or wrong keys; Retry-After says for how long.') };

/** The OpenAPI document at /openapi.json, made of the schemas that the routes check and answer with. */
export async function describeApi(fastify: FastifyInstance): Promise<void> {
  await fastify.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Portward',
        version: '1.0.0',
        description:
          "Keeps engines behind a VPN in step with the VPN's forwarded port. Every error has a `detail`. " +
          'Reads need no key.',
      },
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'API_KEY or API_KEY_2' } },
      },
    },
    transform: ({ schema, url, route }) => {
      const own: FastifySchema = schema ?? {};
      const { locked = false, limited = false } = route.config ?? {};
      const body = own.body !== undefined;
      const response = {
        ...ANY,
        ...(own.params === undefined ? {} : WITH_NAMES),
        ...(body ? WITH_BODY : {}),
        ...(body || own.headers !== undefined || own.querystring !== undefined ? CHECKED : {}),
        ...(locked ? LOCKED : {}),
        ...(locked || limited ? LIMITED : {}),
        ...(typeof own.response === 'object' ? own.response : {}),
      };
      return { url, schema: { ...own, response, ...(locked ? { security: [{ key: [] }] } : {}) } };
    },
  });
}

/** After the routes. */
export function serveDescription(fastify: FastifyInstance): void {
  let document: string | null = null;
  fastify.get('/openapi.json', { schema: { summary: 'This document' } }, async (_request, reply) => {
    document ??= JSON.stringify(fastify.swagger());
    return reply.type('application/json; charset=utf-8').send(document);
  });
}
