import type Dockerode from 'dockerode';
import type { ContainerId } from '../../domain/engine';
import { withDeadline } from '../../lib/deadline';
import { dockerError, statusCode } from './docker-error';
import { listed, type ListedContainer } from './listed-container';

export interface ContainerToCreate {
  readonly name: string;
  readonly image: string;
  readonly env: readonly string[];
  readonly command: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  /** As `docker run --volume` takes them. */
  readonly volumes: readonly string[];
  /** The container whose network it joins. */
  readonly networkOf: ContainerId;
}

export type ContainerDetails = Dockerode.ContainerInspectInfo;

/** What Docker says while it pulls an image. */
interface PullLine {
  readonly id?: string;
  readonly status?: string;
  readonly progress?: string;
  readonly error?: string;
}

const SHORT_CALL_MS = 20_000;
/** A container may have been given a long time to stop. */
const RESTART_CALL_MS = 240_000;

/**
 * What Portward asks of Docker, and nothing else. A container that is not there is an answer (null, or success where
 * it was to be gone), not an error.
 */
export class DockerHost {
  constructor(
    private readonly docker: Dockerode,
    private readonly shortCallMs = SHORT_CALL_MS,
  ) {}

  async inspect(id: ContainerId): Promise<ContainerDetails | null> {
    const found = await this.find(id);
    return found?.Id === id ? found : null;
  }

  /** Only a container that has exactly this name. */
  async inspectByName(name: string): Promise<ContainerDetails | null> {
    const found = await this.find(name);
    return found?.Name === `/${name}` ? found : null;
  }

  /** By the beginning of its id, which Docker gives a container as its hostname. */
  async inspectShortId(beginning: string): Promise<ContainerDetails | null> {
    const found = await this.find(beginning);
    return found?.Id.startsWith(beginning) ? found : null;
  }

  /** Docker takes a name that no container has for the beginning of an id, so an answer may be about any container. */
  private find(reference: string): Promise<ContainerDetails | null> {
    return this.unlessAbsent(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.getContainer(reference).inspect({ abortSignal })),
    );
  }

  /** All containers, running or not, that have every one of the labels (`name=value`). */
  list(labels: readonly string[]): Promise<ListedContainer[]> {
    return this.listBy({ label: [...labels] });
  }

  /** The containers that have one of exactly these names. */
  async listNamed(names: readonly string[]): Promise<ListedContainer[]> {
    // Docker takes regular expressions; a name may hold a dot.
    const found = await this.listBy({ name: names.map((name) => `^/?${name.replaceAll('.', '[.]')}$`) });
    return found.filter((c) => names.includes(c.name));
  }

  private async listBy(filters: Record<string, string[]>): Promise<ListedContainer[]> {
    const found = await this.call(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.listContainers({ all: true, filters, abortSignal })),
    );
    return found.map(listed);
  }

  async hasImage(image: string): Promise<boolean> {
    // dockerode takes no signal for this call.
    const found = await this.unlessAbsent(() => within(this.shortCallMs, () => this.docker.getImage(image).inspect()));
    return found !== null;
  }

  /** Tells progress in Docker's words, for example `Downloading 12MB/200MB`. @throws with Docker's words for why it failed */
  async pull(image: string, signal: AbortSignal, progress: (line: string) => void): Promise<void> {
    const stream = await this.call(() => this.docker.pull(image, { abortSignal: signal }));
    // Once it has begun to answer, Docker says so only in a line, and then ends as if all were well.
    const failures: string[] = [];
    await new Promise<void>((resolve, reject) => {
      this.docker.modem.followProgress(
        stream,
        (error: Error | null) => (error ? reject(dockerError(error)) : resolve()),
        ({ id, status, progress: amount, error }: PullLine) => {
          if (error !== undefined) failures.push(error);
          else progress([id, status, amount].filter((part) => part !== undefined).join(' '));
        },
      );
    });
    if (failures.length > 0) throw new Error(failures.join('; '));
  }

  /** @throws with Docker's 409 when the name is taken */
  async create(container: ContainerToCreate): Promise<ContainerId> {
    const body: Dockerode.ContainerCreateOptions = {
      Image: container.image,
      Env: [...container.env],
      ...(container.command ? { Cmd: [...container.command] } : {}),
      Labels: { ...container.labels },
      HostConfig: {
        NetworkMode: `container:${container.networkOf}`,
        RestartPolicy: { Name: 'unless-stopped' },
        ...(container.volumes.length > 0 ? { Binds: [...container.volumes] } : {}),
      },
    };
    // Told apart, since dockerode would put all of it into the address too, which proxies on the way to Docker log.
    const request = { _query: { name: container.name }, _body: body };
    const created = await this.call(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.createContainer({ ...request, abortSignal })),
    );
    return created.id;
  }

  /** One that runs already is fine. */
  async start(id: ContainerId): Promise<void> {
    await this.call(async () => {
      try {
        await within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).start({ abortSignal }));
      } catch (error) {
        if (statusCode(error) !== 304) throw error;
      }
    });
  }

  /** So that Docker does not revive an engine that is to go, which would take its port again. */
  async forbidRestart(id: ContainerId): Promise<void> {
    const RestartPolicy = { Name: 'no' };
    await this.unlessAbsent(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).update({ RestartPolicy, abortSignal })),
    );
  }

  /** SIGTERM, and SIGKILL after `timeoutS`. One that is stopped or gone is success. */
  async stop(id: ContainerId, timeoutS: number): Promise<void> {
    const ms = timeoutS * 1000 + this.shortCallMs;
    await this.unlessAbsent(async () => {
      try {
        await within(ms, (abortSignal) => this.docker.getContainer(id).stop({ t: timeoutS, abortSignal }));
      } catch (error) {
        if (statusCode(error) !== 304) throw error;
      }
    });
  }

  /** Stops and starts it, with the time to stop that it has of its own. One that is gone is left so. */
  async restart(id: ContainerId): Promise<void> {
    await this.unlessAbsent(() =>
      within(RESTART_CALL_MS, (abortSignal) => this.docker.getContainer(id).restart({ abortSignal })),
    );
  }

  /** Returns when the container is gone, also when another removal of it was in progress. */
  async remove(id: ContainerId): Promise<void> {
    const deadline = performance.now() + this.shortCallMs;
    const force = { force: true, v: true };
    await this.unlessAbsent(async () => {
      try {
        await within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).remove({ ...force, abortSignal }));
      } catch (error) {
        if (statusCode(error) !== 409) throw error;
        while ((await this.inspect(id)) !== null) {
          if (performance.now() >= deadline) throw error;
          await new Promise((r) => setTimeout(r, 100));
        }
      }
    });
  }

  /** The last lines that a container has written, in the form that Docker gives them; empty for one that is gone. */
  async logs(id: ContainerId, lines: number): Promise<Buffer> {
    const which = { stdout: true, stderr: true, tail: lines } as const;
    const output = await this.unlessAbsent(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).logs({ ...which, abortSignal })),
    );
    return output ?? Buffer.alloc(0);
  }

  /** What a container writes from now on, in Docker's frames or raw where it has a terminal; ends with its run. */
  followLogs(id: ContainerId, signal: AbortSignal): Promise<NodeJS.ReadableStream> {
    const which = { stdout: true, stderr: true, tail: 0, follow: true } as const;
    return this.call(() => this.docker.getContainer(id).logs({ ...which, abortSignal: signal }));
  }

  /** Docker's container events of these kinds, as a stream of JSON lines. */
  async events(kinds: readonly string[], signal: AbortSignal): Promise<NodeJS.ReadableStream> {
    return this.call(() =>
      this.docker.getEvents({ filters: { type: ['container'], event: [...kinds] }, abortSignal: signal }),
    );
  }

  private async unlessAbsent<T>(request: () => Promise<T>): Promise<T | null> {
    return this.call(async () => {
      try {
        return await request();
      } catch (error) {
        if (statusCode(error) === 404) return null;
        throw error;
      }
    });
  }

  private async call<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw dockerError(error);
    }
  }
}

/**
 * One exchange with Docker. It settles in time whatever becomes of the connection: when that breaks in the middle of an answer,
 * dockerode waits for the rest without end, and its signal changes nothing then.
 */
function within<T>(ms: number, ask: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  // A signal of its own for each: Node warns of one that many listen to, as when a hundred engines are looked at.
  return withDeadline(ms, new AbortController().signal, ask);
}
