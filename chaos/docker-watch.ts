import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import type { ContainerEvent, EvictionMark } from './checker/facts';

const RECONNECT_MS = 50;

type Labels = Readonly<Record<string, string>>;

interface DockerEvent {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly ID: string; readonly Attributes: Labels };
}

/** Reports Docker's events of the containers that `whatIs` knows, and connects again when Docker is back. */
export class DockerWatch {
  private readonly watching: Promise<void>;
  private readonly stopping = new AbortController();
  private opened: (() => void) | null = null;
  /** Resolves when the first connection is open. */
  readonly open: Promise<void>;

  constructor(
    private readonly docker: Docker,
    private readonly whatIs: (id: string, labels: Labels) => Pick<ContainerEvent, 'is' | 'vpn'> | null,
    private readonly report: (fact: ContainerEvent | EvictionMark) => void,
  ) {
    this.open = new Promise((resolve) => (this.opened = resolve));
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const stream = await this.docker.getEvents({ filters: { type: ['container'] }, abortSignal: signal });
        this.opened?.();
        for await (const line of createInterface({ input: stream })) {
          if (line !== '') this.tell(JSON.parse(line) as DockerEvent);
        }
      } catch {
        // dockerd is away, or `stop` was called.
      }
      await sleep(RECONNECT_MS);
    }
  }

  private tell(event: DockerEvent): void {
    const { ID: id, Attributes: labels } = event.Actor;
    const known = this.whatIs(id, labels);
    if (known === null) return;
    const name = labels['name'] ?? id.slice(0, 12);
    const at = event.timeNano / 1e6;
    this.report({ kind: 'container event', at, action: event.Action, id, name, ...known });
    if (event.Action === 'update' && known.is === 'engine') void this.askForPolicy(id, name, at);
  }

  private async askForPolicy(id: string, name: string, at: number): Promise<void> {
    try {
      const { HostConfig } = await this.docker.getContainer(id).inspect();
      if (HostConfig.RestartPolicy?.Name === 'no') this.report({ kind: 'eviction mark', at, id, name });
    } catch {
      // Gone already.
    }
  }
}
