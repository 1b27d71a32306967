import type { DockerRequest, EngineParts } from './engine-api';
import { json } from './engine-api';
import { Filters } from './event-feed';
import { DockerRefusal } from './refusal';

/** Handles the routes of images, `/commit` and `/networks`. @returns false: it is another route */
export async function imageRoute(parts: EngineParts, request: DockerRequest): Promise<boolean> {
  const { images, containers } = parts;
  const { method, path, query, answer } = request;
  const [, image = '', action = ''] = /^\/images\/(.+?)(?:\/(json|tag))?$/.exec(path) ?? [];
  switch (`${method} ${path === '/images/create' || path === '/images/json' ? path : action}`) {
    case 'GET json': {
      const { id, env, entrypoint, taggedAt } = found(parts, image);
      const Config = { Env: env, Entrypoint: entrypoint, Cmd: null };
      json(answer, 200, { Id: id, RepoTags: [image], Config, Metadata: { LastTagTime: taggedAt.toISOString() } });
      return true;
    }
    case 'POST tag':
      images.tag(image, `${query.get('repo')}:${query.get('tag')}`);
      answer.writeHead(201).end();
      return true;
    case 'GET /images/json': {
      const [pattern = '*'] = new Filters(query.get('filters'), ['reference']).values('reference');
      const all = images.list(pattern).map(([tag, { id }]) => ({ Id: id, RepoTags: [tag] }));
      json(answer, 200, all);
      return true;
    }
    case 'POST /images/create':
      pull(parts, request);
      return true;
  }
  if (method === 'DELETE' && image !== '') {
    found(parts, image);
    images.remove(image);
    json(answer, 200, [{ Untagged: image }]);
    return true;
  }
  if (method === 'POST' && path === '/commit') {
    const of = containers.find(query.get('container') ?? '').madeOf;
    const made = images.commit(of, `${query.get('repo')}:${query.get('tag')}`, query.get('changes') ?? '');
    json(answer, 201, { Id: made.id });
    return true;
  }
  // There are no networks to list: a network is only a name in a container's configuration.
  if (method === 'GET' && path === '/networks') {
    json(answer, 200, []);
    return true;
  }
  return false;
}

function found({ images }: EngineParts, reference: string): ReturnType<typeof images.find> {
  if (/[A-Z]/.test(reference.split(':')[0] ?? ''))
    throw new DockerRefusal(
      400,
      `no such image: ${reference}: invalid reference format: repository name must be lowercase`,
    );
  try {
    return images.find(reference);
  } catch (error) {
    if (!(error instanceof DockerRefusal)) throw error;
    throw new DockerRefusal(error.status, `no such image: ${reference}: ${error.message}`);
  }
}

/** A pull of any image succeeds at once: there is no registry. */
function pull({ images }: EngineParts, { query, answer }: DockerRequest): void {
  const name = query.get('fromImage') ?? '';
  const tag = query.get('tag') ?? 'latest';
  const reference = /:[^/]*$/.test(name) ? name : `${name}:${tag}`;
  images.pull(reference);
  answer.writeHead(200, { 'content-type': 'application/json' });
  for (const line of [
    { status: `Pulling from ${name}`, id: tag },
    { status: `Status: Image is up to date for ${reference}` },
  ])
    answer.write(`${JSON.stringify(line)}\r\n`);
  answer.end();
}
