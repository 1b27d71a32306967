import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { packageVersion } from '../../lib/package-version';
import { ErrorSchema } from '../schemas/engines';
import { contentPolicy, pageDirectives } from './security-headers';

type Answers = Record<number, unknown>;

/** An error as any route has it; its example is what it is about. */
function answer(description: string): typeof ErrorSchema {
  return { ...ErrorSchema, description, examples: [{ detail: description }] };
}

/** What any route may answer besides its own. */
const ANY: Answers = {
  400: answer('The request can not be read: its address can not be decoded, or its body is not JSON.'),
  408: answer('The request did not come in time.'),
  414: answer('The address, or a name in it, is too long.'),
  431: answer('Address and headers are too large.'),
};
const WITH_BODY: Answers = {
  413: answer('The body is over 256 KiB.'),
  415: answer('The body is not of Content-Type application/json.'),
};
const CHECKED: Answers = { 422: answer('Body or headers are of another form.') };
const LOCKED: Answers = {
  401: answer('An API key is asked for, and none came.'),
  403: answer('The key is wrong; or none is set, and the caller is not in a private network.'),
};
const LIMITED: Answers = { 429: answer('Too many such requests, or wrong keys; Retry-After says for how long.') };

/** Of routes that say only that they answer so. */
const MEANINGS: Record<string, string> = {
  404: 'There is nothing of that name.',
  409: 'It can not be done now; the detail says why.',
  422: 'Body or headers are of another form.',
  503: "A VPN's workflow, or Temporal, does not answer; the detail says which.",
};

/** A route's own errors, with a description and an example where it gives none. */
function explained(own: Answers): Answers {
  return Object.fromEntries(
    Object.entries(own).map(([status, schema]) => {
      if (!isError(status, schema)) return [status, schema];
      const { description = MEANINGS[status] ?? 'The detail says why.', examples } = schema;
      return [status, { ...schema, description, examples: examples ?? [{ detail: description }] }];
    }),
  );
}

interface DescribedSchema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties: { readonly detail: { readonly type: 'string' } };
}

function isError(status: string, schema: unknown): schema is DescribedSchema {
  if (Number(status) < 400 || typeof schema !== 'object' || schema === null || !('properties' in schema)) return false;
  const { properties } = schema as { properties: Record<string, { type?: unknown }> };
  return properties['detail']?.type === 'string';
}

/** How the page groups routes, by the beginning of their addresses; the first that fits. */
const SECTIONS = [
  { name: 'Engines', description: 'Which engines there are', routes: ['/engines', '/containers', '/by-label'] },
  { name: 'News', description: 'What happens, as it happens', routes: ['/events/stream', '/page'] },
  { name: 'Streams', description: 'What proxies play on engines', routes: ['/streams', '/events'] },
  { name: 'VPNs', description: 'Ports, health and replacements', routes: ['/vpn', '/vpns'] },
  { name: 'Pool', description: 'How many engines there are', routes: ['/provision', '/scale', '/gc'] },
  {
    name: 'State',
    description: 'Of Portward itself',
    routes: ['/orchestrator', '/health', '/metrics', '/openapi.json'],
  },
] as const;

function sectionOf(url: string): string[] {
  const section = SECTIONS.find(({ routes }) => routes.some((route) => url === route || url.startsWith(`${route}/`)));
  return section ? [section.name] : [];
}

interface OperationJson {
  readonly operationId?: string;
  readonly requestBody?: { required?: boolean };
}

/** The OpenAPI document at /openapi.json, made of the schemas that the routes check and answer with. */
export async function describeApi(fastify: FastifyInstance): Promise<void> {
  const optionalBodies = new Set<string>();
  await fastify.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Portward',
        version: packageVersion(),
        description:
          "Keeps engines behind a VPN in step with the VPN's forwarded port. Every error has a `detail`. " +
          'Reads need no key.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'Where this document comes from' }],
      tags: SECTIONS.map(({ name, description }) => ({ name, description })),
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'API_KEY or API_KEY_2' } },
      },
    },
    transformObject: (described) => {
      const document = 'openapiObject' in described ? described.openapiObject : described.swaggerObject;
      const operations: (OperationJson | undefined)[] = Object.values(document.paths ?? {}).flatMap(Object.values);
      for (const { operationId = '', requestBody } of operations.filter((o) => o !== undefined)) {
        // The plugin calls every body required.
        if (requestBody && optionalBodies.has(operationId)) requestBody.required = false;
      }
      return document;
    },
    transform: ({ schema, url, route }) => {
      const own: FastifySchema = schema ?? {};
      const { locked = false, limited = false, optionalBody = false } = route.config ?? {};
      const body = own.body !== undefined;
      if (optionalBody && own.operationId !== undefined) optionalBodies.add(own.operationId);
      const response = {
        ...ANY,
        ...(body ? WITH_BODY : {}),
        ...(body || own.headers !== undefined || own.querystring !== undefined ? CHECKED : {}),
        ...(locked ? LOCKED : {}),
        ...(locked || limited ? LIMITED : {}),
        ...(typeof own.response === 'object' ? explained(own.response as Answers) : {}),
      };
      return {
        url,
        schema: { tags: sectionOf(url), ...own, response, security: locked ? [{ key: [] }] : [] },
      };
    },
  });
}

/** After the routes. */
export function serveDescription(fastify: FastifyInstance): void {
  let document: string | null = null;
  const schema = {
    operationId: 'getOpenApi',
    summary: 'This document',
    response: {
      200: Type.Object(
        { openapi: Type.String() },
        {
          additionalProperties: true,
          description: 'OpenAPI 3.1.',
          examples: [{ openapi: '3.1.0', info: {}, paths: {} }],
        },
      ),
    },
  };
  fastify.get('/openapi.json', { schema }, async (_request, reply) => {
    document ??= JSON.stringify(fastify.swagger());
    return reply.type('application/json; charset=utf-8').send(document);
  });
}

/**
 * The page that shows the document, at /docs. Everything that it loads is from here, and nothing else may be; what it
 * runs is in files, not in the page.
 */
export async function servePage(fastify: FastifyInstance): Promise<void> {
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentPolicy(...pageDirectives),
    theme: { title: 'Portward: HTTP API' },
    // Without the bar in which another document's address can be typed.
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', deepLinking: true, tryItOutEnabled: false },
  });
}
