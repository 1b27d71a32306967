import { createHash } from 'node:crypto';
import { NODE, NODE_FLAGS, REPOSITORY, scriptPath } from '../image';
import { DockerRefusal } from './refusal';

export interface Image {
  readonly id: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  /** When it was last tagged. */
  taggedAt: Date;
}

/** The images. Each one is the simulator's own image, with an environment of its own. */
export class Images {
  private readonly images = new Map<string, Image>();

  /** @throws DockerRefusal */
  find(reference: string): Image {
    const tag = withTag(reference);
    const found = this.images.get(tag);
    if (found) return found;
    throw new DockerRefusal(404, `No such image: ${tag}`);
  }

  /** Every tag of the simulator's own repository exists, without having been made. @throws DockerRefusal */
  tag(reference: string, tag: string): void {
    const isOwn = withTag(reference).startsWith(`${REPOSITORY}:`) && !this.images.has(withTag(reference));
    const image = isOwn ? imageWith([]) : this.find(reference);
    image.taggedAt = new Date();
    this.images.set(withTag(reference), image);
    this.images.set(withTag(tag), image);
  }

  /** @throws DockerRefusal */
  pull(reference: string): void {
    const [repository = ''] = withTag(reference).split(/:[^/]*$/);
    if (repository !== repository.toLowerCase())
      throw new DockerRefusal(400, `invalid reference format: repository name must be lowercase`);
    this.images.set(withTag(reference), imageWith([]));
  }

  /** @param changes lines of a Dockerfile; only ENV is simulated */
  commit(of: Image, tag: string, changes: string): Image {
    const lines = changes.split('\n').filter((line) => line.trim() !== '');
    const added = lines.map((line) => {
      const [, name, value = ''] = /^ENV ([^=]+)=(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new DockerRefusal(501, `not simulated: ${line}`);
      return `${name}=${unquoted(value)}`;
    });
    const image = imageWith([...of.env, ...added]);
    this.images.set(withTag(tag), image);
    return image;
  }

  /** @throws DockerRefusal */
  remove(reference: string): void {
    this.find(reference);
    this.images.delete(withTag(reference));
  }

  /** The images by tag. @param pattern like Docker's filter `reference`, with `*` */
  list(pattern: string): [string, Image][] {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    const wanted = new RegExp(`^${parts.join('[^/]*')}$`);
    return [...this.images].filter(([tag]) => wanted.test(tag));
  }
}

/** The value in an ENV line, as Docker reads it. */
function unquoted(value: string): string {
  return /^"(.*)"$/.exec(value)?.[1] ?? value.replaceAll(/\\(.)/g, '$1');
}

function imageWith(env: readonly string[]): Image {
  const entrypoint = [NODE, ...NODE_FLAGS, scriptPath('engine/main.js')];
  const id = `sha256:${createHash('sha256').update(JSON.stringify(env)).digest('hex')}`;
  return { id, env, entrypoint, taggedAt: new Date() };
}

function withTag(reference: string): string {
  return /:[^/]*$/.test(reference) ? reference : `${reference}:latest`;
}
