import type { FastifyInstance } from 'fastify';

/**
 * Answers requests without a route: 404 for an unknown address, 405 with `Allow` for a method that the address does not take. To be called
 * before the routes are added.
 */
export function answerUnknownRoutes(fastify: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsOf.set(url, methods);
  });
  fastify.setNotFoundHandler(({ url, method }, reply) => {
    const [path = ''] = url.split('?');
    const allowed = [...methodsOf].flatMap(([pattern, methods]) => (isAt(pattern, path) ? [...methods] : []));
    // A route for files takes the method, but the file may be missing.
    if (allowed.length === 0 || allowed.includes(method))
      return reply.code(404).send({ detail: `no route ${method} ${path}` });
    const allow = [...new Set(allowed)].toSorted().join(', ');
    return reply
      .code(405)
      .header('allow', allow)
      .send({ detail: `${path} takes ${allow}, not ${method}` });
  });
}

/** Whether the path matches a pattern such as `/engines/:id`. With `*` at the end of the pattern, any number of parts may follow. */
function isAt(pattern: string, path: string): boolean {
  const parts = pattern.split('/').filter((part) => part !== '');
  const given = path.split('/').filter((part) => part !== '');
  const open = parts.at(-1) === '*' && parts.length > 1;
  if (open ? given.length < parts.length - 1 : given.length !== parts.length) return false;
  return parts.every((part, i) => part === '*' || part.startsWith(':') || part === given[i]);
}
