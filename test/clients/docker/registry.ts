import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Why Docker can't use a registry of a test on this machine; null if it can. */
export const registryObstacle =
  process.platform === 'linux' ? null : 'Docker runs in a virtual machine, where 127.0.0.1 is another one';

/** The command of a container of the image, in Docker's form. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
}

interface Content {
  readonly type: string;
  readonly body: Buffer;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG = 'application/vnd.docker.container.image.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64' };

/**
 * The part of an image registry that Docker needs for a pull. Docker accepts plain HTTP from 127.0.0.1 without
 * configuration. https://distribution.github.io/distribution/spec/api/
 */
export class Registry {
  /** Content of each image, by the end of its path, such as `blobs/sha256:…` or `manifests/latest`. */
  private readonly contents = new Map<string, Content>();

  private constructor(private readonly server: Server) {
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => this.answer(incoming, outgoing));
  }

  static async open(): Promise<Registry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Registry(server);
  }

  /** Adds an image of one layer, and returns the name by which it is pulled. @param layer a tar of all its files */
  add(name: string, tag: string, layer: Buffer, config: ImageConfig = {}): string {
    const image = {
      os: 'linux',
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      config,
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      history: [{ created_by: 'a test' }],
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: this.addBlob(name, CONFIG, Buffer.from(JSON.stringify(image))),
      layers: [this.addBlob(name, LAYER, layer)],
    };
    const content = { type: MANIFEST, body: Buffer.from(JSON.stringify(manifest)) };
    for (const reference of [tag, digestOf(content.body)]) this.contents.set(`${name}/manifests/${reference}`, content);
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}:${tag}`;
  }

  /** From now on the layers of all images are missing, although manifests still name them. */
  loseLayers(): void {
    for (const [path, { type }] of this.contents) if (type === LAYER) this.contents.delete(path);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private addBlob(name: string, type: string, body: Buffer): { mediaType: string; size: number; digest: string } {
    const digest = digestOf(body);
    this.contents.set(`${name}/blobs/${digest}`, { type, body });
    return { mediaType: type, size: body.length, digest };
  }

  private answer({ method, url = '' }: IncomingMessage, outgoing: ServerResponse): void {
    const path = url.replace(/^\/v2\//, '');
    const content = path === '' ? { type: 'application/json', body: Buffer.from('{}') } : this.contents.get(path);
    if (!content) {
      outgoing.writeHead(404, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'not here' }] }));
      return;
    }
    outgoing.writeHead(200, {
      'content-type': content.type,
      'content-length': content.body.length,
      'docker-content-digest': digestOf(content.body),
    });
    outgoing.end(method === 'HEAD' ? undefined : content.body);
  }
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
