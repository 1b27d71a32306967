import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { contentPolicy, pageDirectives } from '../http/security-headers';

/** Where the built page is, as seen from `dist/src/api/page` and from `src/api/page` (tests). */
const BUILT = [join(__dirname, '..', '..', '..', 'web'), join(__dirname, '..', '..', '..', 'dist', 'web')];

/** /panel is the address of the page in the system before Portward. */
const PATHS = ['/', '/panel'];

const INDEX = 'index.html';
/** The index is sent whole each time: it is small, and names the other files. */
const WHOLE = { cacheControl: false, etag: false, lastModified: false, acceptRanges: false };

const POLICY = contentPolicy(...pageDirectives, "require-trusted-types-for 'script'");

/** The page's files as the build made them. */
export interface PageFiles {
  readonly folder: string;
  /** Identifies the files: another build has another value. */
  readonly build: string;
}

/** Null if the page was not built. */
export function pageFiles(): PageFiles | null {
  const folder = BUILT.find((path) => existsSync(join(path, INDEX)) && existsSync(join(path, 'assets')));
  if (folder === undefined) return null;
  const index = readFileSync(join(folder, INDEX));
  return { folder, build: createHash('sha256').update(index).digest('hex').slice(0, 8) };
}

/** Serves the page. Browsers keep its files for ever, because the names contain a hash of the content, and fetch the index each time. */
export async function pageRoutes(fastify: FastifyInstance, files: PageFiles | null): Promise<void> {
  await fastify.register(async (scope) => {
    if (files === null) {
      const detail = 'the page was not built: run `npm run build`';
      for (const path of PATHS)
        scope.get(path, { schema: { hide: true } }, (_, reply) => reply.code(404).send({ detail }));
      return;
    }
    scope.addHook('onRequest', async (_request, reply) => void reply.header('content-security-policy', POLICY));
    await scope.register(fastifyStatic, {
      root: join(files.folder, 'assets'),
      prefix: '/assets/',
      preCompressed: true,
      immutable: true,
      maxAge: '1y',
      index: false,
    });
    for (const path of PATHS) {
      scope.get(path, { schema: { hide: true } }, (_request, reply) => reply.sendFile(INDEX, files.folder, WHOLE));
    }
  });
}
