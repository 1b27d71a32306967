import { PassThrough } from 'node:stream';
import { upInWords } from '../../simulator/docker/in-words';
import type { ContainerEvent, DockerEvents, EventListener } from '../../src/clients/docker/docker-events';
import type { ContainerDetails, DockerHost } from '../../src/clients/docker/docker-host';
import type { ListedContainer } from '../../src/clients/docker/listed-container';

export interface ContainerInMemory {
  readonly id: string;
  readonly name: string;
  labels: Record<string, string>;
  running: boolean;
  health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  startedAt: number;
  networkOf: string | null;
}

/** A Docker that answers at once, and records the calls. */
export class DockerInMemory {
  readonly containers: ContainerInMemory[] = [];
  /** Each call's method and object. */
  asked: string[] = [];
  failure: Error | null = null;
  /** The logs of containers by id. A log that nobody follows has none. */
  readonly logs = new Map<string, PassThrough>();

  add(container: Partial<ContainerInMemory> & Pick<ContainerInMemory, 'id' | 'name'>): ContainerInMemory {
    const made: ContainerInMemory = {
      ...{ labels: {}, running: true, health: 'none', startedAt: Date.now(), networkOf: null },
      ...container,
    };
    this.containers.push(made);
    return made;
  }

  get host(): DockerHost {
    const answers = {
      inspectByName: (name: string) => this.inspect((c) => c.name === name, `inspect ${name}`),
      inspect: (id: string) => this.inspect((c) => c.id === id, `inspect ${id}`),
      list: (labels: readonly string[]) =>
        this.list(`list ${labels.join(' ')}`, (c) =>
          labels.every((text) => Object.entries(c.labels).some(([name, value]) => text === `${name}=${value}`)),
        ),
      listNamed: (names: readonly string[]) => this.list('list by name', (c) => names.includes(c.name)),
      hasImage: async () => {
        this.ask('image');
        return true;
      },
      followLogs: async (id: string, signal: AbortSignal) => {
        this.ask(`log ${id}`);
        const stream = new PassThrough();
        this.logs.set(id, stream);
        signal.addEventListener('abort', () => stream.destroy(new Error('aborted')), { once: true });
        stream.once('close', () => this.logs.delete(id));
        return stream;
      },
      logs: async () => Buffer.alloc(0),
    };
    return answers as unknown as DockerHost;
  }

  private ask(what: string): void {
    this.asked.push(what);
    if (this.failure) throw this.failure;
  }

  private async inspect(is: (c: ContainerInMemory) => boolean, what: string): Promise<ContainerDetails | null> {
    this.ask(what);
    const found = this.containers.find(is);
    if (!found) return null;
    const { id, name, labels, running, health, startedAt } = found;
    const State = {
      ...{ Status: running ? 'running' : 'exited', Running: running, Restarting: false, Paused: false, ExitCode: 0 },
      ...{ OOMKilled: false, Error: '', StartedAt: new Date(startedAt).toISOString() },
      ...(health === 'none' ? {} : { Health: { Status: health } }),
    };
    const details = {
      Id: id,
      Name: `/${name}`,
      State,
      RestartCount: 0,
      Config: { Env: [], Tty: true, Labels: labels },
    };
    return { ...details, HostConfig: { NetworkMode: 'bridge' } } as unknown as ContainerDetails;
  }

  private async list(what: string, is: (c: ContainerInMemory) => boolean): Promise<ListedContainer[]> {
    this.ask(what);
    return this.containers.filter(is).map(({ id, name, labels, running, health, startedAt, networkOf }) => ({
      ...{ id, name, labels: { ...labels }, running, createdAt: 0, networkOf },
      state: running ? 'running' : 'exited',
      status: running
        ? upInWords((Date.now() - startedAt) / 1000, health === 'none' ? null : health)
        : 'Exited (0) 5 minutes ago',
    }));
  }
}

/** Events that the test sends. */
export class EventsInMemory {
  areMissing = false;
  private readonly listeners = new Set<EventListener>();

  readonly subscribe = (listener: EventListener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get events(): DockerEvents {
    return this as unknown as DockerEvents;
  }

  tell(event: ContainerEvent | null): void {
    for (const listener of this.listeners) listener(event);
  }
}
