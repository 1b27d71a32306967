import type { FastifyInstance } from 'fastify';

/** What is at no address is a 404; an address that takes other methods is a 405 that names them. Before the routes. */
export function answerWhereNoRouteIs(fastify: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    methodsOf.set(url, methods);
  });
  fastify.setNotFoundHandler(({ url, method }, reply) => {
    const [path = ''] = url.split('?');
    const allowed = [...methodsOf].flatMap(([pattern, methods]) => (isAt(pattern, path) ? [...methods] : []));
    // With the method that it takes, too, a file may not be there.
    if (allowed.length === 0 || allowed.includes(method))
      return reply.code(404).send({ detail: `no route ${method} ${path}` });
    const allow = [...new Set(allowed)].toSorted().join(', ');
    return reply
      .code(405)
      .header('allow', allow)
      .send({ detail: `${path} takes ${allow}, not ${method}` });
  });
}

/** Whether the path is one of `/engines/:id`; with `*` at the end of the pattern anything may follow. */
function isAt(pattern: string, path: string): boolean {
  const parts = pattern.split('/').filter((part) => part !== '');
  const given = path.split('/').filter((part) => part !== '');
  const open = parts.at(-1) === '*' && parts.length > 1;
  if (open ? given.length < parts.length - 1 : given.length !== parts.length) return false;
  return parts.every((part, i) => part === '*' || part.startsWith(':') || part === given[i]);
}
