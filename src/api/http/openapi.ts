import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { packageVersion } from '../../lib/package-version';
import { ErrorSchema } from '../schemas/engines';
import { contentPolicy, pageDirectives } from './security-headers';

type Answers = Record<number, unknown>;

/** The schema of an error. The description is its example, too. */
function answer(description: string): typeof ErrorSchema {
  return { ...ErrorSchema, description, examples: [{ detail: description }] };
}

/** The errors that any route may answer with. */
const ANY: Answers = {
  400: answer('The address of the request can not be decoded, or the body is not JSON.'),
  408: answer('The request was not complete in time.'),
  414: answer('The address, or a name in it, is too long.'),
  431: answer('The address and the headers together are too large.'),
};
const WITH_BODY: Answers = {
  413: answer('The body is larger than 256 KiB.'),
  415: answer('The Content-Type of the body is not application/json.'),
};
const CHECKED: Answers = { 422: answer('The body, the query or a header is invalid.') };
const LOCKED: Answers = {
  401: answer('The request has no API key, and one is needed.'),
  403: answer('The key is wrong; or no key is set, and the caller is not in a private network.'),
};
const LIMITED: Answers = {
  429: answer('There were too many such requests, or too many wrong keys. Retry-After says how long to wait.'),
};

/** Descriptions for the errors of routes that give none. */
const MEANINGS: Record<string, string> = {
  404: 'There is nothing with that name.',
  409: 'The request can not be carried out now; the detail says why.',
  422: 'The body, the query or a header is invalid.',
  503: "A VPN's workflow or Temporal does not answer; the detail says which.",
};

/** A route's own errors, with a description and an example if the route gives none. */
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

/** The groups of routes on the page, by the beginnings of their addresses. The first group that matches counts. */
const SECTIONS = [
  {
    name: 'Engines',
    description: 'The engines and their containers',
    routes: ['/engines', '/containers', '/by-label'],
  },
  { name: 'Events', description: 'Changes as they happen', routes: ['/events/stream', '/page'] },
  { name: 'Streams', description: 'The streams that proxies report', routes: ['/streams', '/events'] },
  { name: 'VPNs', description: 'Ports, health and replacements', routes: ['/vpn', '/vpns'] },
  { name: 'Pool', description: 'The number of engines', routes: ['/provision', '/scale', '/gc'] },
  {
    name: 'State',
    description: 'The state of Portward',
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

/** Makes the OpenAPI document from the schemas of the routes. To be called before the routes are added. */
export async function describeApi(fastify: FastifyInstance): Promise<void> {
  const optionalBodies = new Set<string>();
  await fastify.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Portward',
        version: packageVersion(),
        description:
          "Keeps engines behind a VPN on the VPN's forwarded port. Every error has a `detail`. " +
          'Routes that only read need no key, except `/by-label`.',
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
        // The plugin marks every body as required.
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

/** Serves the document at /openapi.json. To be called after the routes are added. */
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
          description: 'The OpenAPI document, version 3.1.',
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

/** Serves a page at /docs that shows the document. The page may load files of this server only, and has no inline scripts. */
export async function serveDocsPage(fastify: FastifyInstance): Promise<void> {
  await fastify.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentPolicy(...pageDirectives),
    theme: { title: 'Portward: HTTP API' },
    // This layout has no field for the address of another document.
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', deepLinking: true, tryItOutEnabled: false },
  });
}
