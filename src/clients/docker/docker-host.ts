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
  /** In the form of `docker run --volume`. */
  readonly volumes: readonly string[];
  /** The container whose network it joins. */
  readonly networkOf: ContainerId;
}

export type ContainerDetails = Dockerode.ContainerInspectInfo;

/** A line of Docker's progress while it pulls an image. */
interface PullLine {
  readonly id?: string;
  readonly status?: string;
  readonly progress?: string;
  readonly error?: string;
}

const SHORT_CALL_MS = 20_000;
/** A container may be configured with a long stop time-out. */
const RESTART_CALL_MS = 240_000;

/**
 * Every call that Portward makes to Docker. A container that does not exist is an answer (null, or success for its
 * removal), not an error.
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

  /** Finds only a container with exactly this name. */
  async inspectByName(name: string): Promise<ContainerDetails | null> {
    const found = await this.find(name);
    return found?.Name === `/${name}` ? found : null;
  }

  /** Finds a container by the beginning of its id, which is its default hostname. */
  async inspectShortId(beginning: string): Promise<ContainerDetails | null> {
    const found = await this.find(beginning);
    return found?.Id.startsWith(beginning) ? found : null;
  }

  /** Docker also matches the reference with the beginnings of ids, so the answer may be about another container. */
  private find(reference: string): Promise<ContainerDetails | null> {
    return this.unlessAbsent(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.getContainer(reference).inspect({ abortSignal })),
    );
  }

  /** All containers, running or not, that have every one of the labels (`name=value`). */
  list(labels: readonly string[]): Promise<ListedContainer[]> {
    return this.listBy({ label: [...labels] });
  }

  /** The containers with exactly these names. */
  async listNamed(names: readonly string[]): Promise<ListedContainer[]> {
    // Docker takes names as regular expressions, and a name may hold a dot.
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
    // dockerode accepts no signal for this call.
    const found = await this.unlessAbsent(() => within(this.shortCallMs, () => this.docker.getImage(image).inspect()));
    return found !== null;
  }

  /**
   * Pulls an image. Calls `progress` with Docker's words, for example `Downloading 12MB/200MB`.
   * @throws with Docker's reason
   */
  async pull(image: string, signal: AbortSignal, progress: (line: string) => void): Promise<void> {
    const stream = await this.call(() => this.docker.pull(image, { abortSignal: signal }));
    // After Docker has begun to answer, it reports failures only in a line, and ends as if all were well.
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

  /** @throws Docker's 409 if the name is taken */
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
    // Query and body separately: dockerode would otherwise repeat the body in the URL, which proxies in front of
    // Docker log.
    const request = { _query: { name: container.name }, _body: body };
    const created = await this.call(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.createContainer({ ...request, abortSignal })),
    );
    return created.id;
  }

  /** Starts a container; one that runs already is a success. */
  async start(id: ContainerId): Promise<void> {
    await this.call(async () => {
      try {
        await within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).start({ abortSignal }));
      } catch (error) {
        if (statusCode(error) !== 304) throw error;
      }
    });
  }

  /**
   * Sets the restart policy to `no`, so that Docker does not restart an engine that is being released, which would
   * take its port again.
   */
  async forbidRestart(id: ContainerId): Promise<void> {
    const RestartPolicy = { Name: 'no' };
    await this.unlessAbsent(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).update({ RestartPolicy, abortSignal })),
    );
  }

  /** Sends SIGTERM, and SIGKILL after `timeoutS`. A container that is stopped or gone is a success. */
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

  /** Restarts a container with its own stop time-out. One that is gone is ignored. */
  async restart(id: ContainerId): Promise<void> {
    await this.unlessAbsent(() =>
      within(RESTART_CALL_MS, (abortSignal) => this.docker.getContainer(id).restart({ abortSignal })),
    );
  }

  /** Removes a container and returns when it is gone, also if another removal was in progress. */
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

  /** The last lines of a container's output, in Docker's format; empty if the container is gone. */
  async logs(id: ContainerId, lines: number): Promise<Buffer> {
    const which = { stdout: true, stderr: true, tail: lines } as const;
    const output = await this.unlessAbsent(() =>
      within(this.shortCallMs, (abortSignal) => this.docker.getContainer(id).logs({ ...which, abortSignal })),
    );
    return output ?? Buffer.alloc(0);
  }

  /**
   * A container's output from now on, in Docker's frames, or raw if it has a terminal. Ends with the container's run.
   */
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
 * One exchange with a time limit. If the connection breaks in the middle of an answer, dockerode waits for the rest
 * without end, and its signal does not end that.
 */
function within<T>(ms: number, ask: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  // Each exchange has a signal of its own: Node warns of a signal with many listeners, for example when a hundred
  // engines are inspected.
  return withDeadline(ms, new AbortController().signal, ask);
}
