import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerConfig } from './container-config';
import { Container } from './container';
import type { ContainerHost } from './container-host';
import type { Image } from './images';
import { DockerRefusal } from './refusal';

export class Containers {
  private readonly byId = new Map<string, Container>();
  private readonly names = new Map<string, Container | 'being made'>();
  private readonly host: ContainerHost;

  constructor(host: Omit<ContainerHost, 'find' | 'removed'>) {
    this.host = {
      ...host,
      find: (reference) => this.find(reference),
      removed: (container) => this.forget(container),
    };
  }

  /** All containers, the latest first, as Docker lists them. */
  get all(): Container[] {
    return [...this.byId.values()].toReversed();
  }

  /** Finds a container by id, name, or the beginning of an id. @throws DockerRefusal */
  find(reference: string): Container {
    const exact = this.byId.get(reference) ?? this.names.get(reference.replace(/^\//, ''));
    if (exact instanceof Container) return exact;
    const beginning = this.all.filter(({ id }) => id.startsWith(reference));
    if (beginning.length > 1) throw new DockerRefusal(400, `multiple IDs found with provided prefix: ${reference}`);
    const [found] = beginning;
    if (found && reference !== '') return found;
    throw new DockerRefusal(404, `No such container: ${reference}`);
  }

  async create(name: string, config: ContainerConfig, image: Image): Promise<Container> {
    const holder = this.names.get(name);
    if (holder !== undefined) {
      const id = holder === 'being made' ? '' : holder.id;
      throw new DockerRefusal(
        409,
        `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.names.set(name, 'being made');
    await sleep(this.host.times.createMs);
    const container = new Container(name, config, image, this.host);
    this.byId.set(container.id, container);
    this.names.set(name, container);
    return container;
  }

  private forget(container: Container): void {
    this.byId.delete(container.id);
    this.names.delete(container.name);
  }
}
