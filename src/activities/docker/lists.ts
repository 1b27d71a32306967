import { label } from '../../domain/names';
import type { DockerHost } from '../../clients/docker/docker-host';
import type { ListedContainer } from '../../clients/docker/listed-container';
import { pauseUntil } from '../../lib/pause';

/** A list that takes longer holds up nobody who asks later. */
const WAITS_FOR_ANOTHER_MS = 1_000;

interface Asker {
  readonly vpn: string;
  readonly answer: (containers: readonly ListedContainer[]) => void;
  readonly fail: (error: unknown) => void;
}

/** Lists engines for the VPNs of a host: one VPN's alone, or those of all at once for all who ask meanwhile. */
export class EngineLists {
  private waiting: Asker[] = [];
  private listing = false;

  constructor(
    private readonly docker: DockerHost,
    private readonly containerLabel: string,
  ) {}

  /** The containers of a VPN's engines, in a list that is asked for from now on. @throws DockerUnreachable */
  of(vpn: string): Promise<readonly ListedContainer[]> {
    return new Promise((answer, fail) => {
      this.waiting.push({ vpn, answer, fail });
      if (!this.listing) void this.list();
    });
  }

  /** Those of every VPN, by its name. @throws DockerUnreachable */
  async all(): Promise<ReadonlyMap<string, readonly ListedContainer[]>> {
    return byVpn(await this.docker.list([this.containerLabel]));
  }

  private async list(): Promise<void> {
    this.listing = true;
    // Who asks in the same moment is served by the same list.
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const asking = this.waiting.splice(0);
      const served = new AbortController();
      await Promise.race([this.serve(asking), pauseUntil(WAITS_FOR_ANOTHER_MS, served.signal)]);
      served.abort();
    }
    this.listing = false;
  }

  private async serve(askers: readonly Asker[]): Promise<void> {
    try {
      const [first] = askers;
      const ofOne = first !== undefined && askers.every(({ vpn }) => vpn === first.vpn);
      const found = ofOne
        ? byVpn(await this.docker.list([this.containerLabel, `${label.vpn}=${first.vpn}`]))
        : await this.all();
      for (const { vpn, answer } of askers) answer(found.get(vpn) ?? []);
    } catch (error) {
      for (const { fail } of askers) fail(error);
    }
  }
}

function byVpn(containers: readonly ListedContainer[]): ReadonlyMap<string, readonly ListedContainer[]> {
  const found = new Map<string, ListedContainer[]>();
  for (const container of containers) {
    const vpn = container.labels[label.vpn] ?? '';
    found.set(vpn, [...(found.get(vpn) ?? []), container]);
  }
  return found;
}

/** Of an image that comes or goes no container's event tells. */
const PRESENT_FOR_MS = 30_000;

/** Which images are on the Docker host. One that is there is looked for twice a minute, one that is missing each time. */
export class Images {
  private readonly seen = new Map<string, number>();
  private readonly asking = new Map<string, Promise<boolean>>();

  constructor(private readonly docker: DockerHost) {}

  /** @throws DockerUnreachable */
  has(image: string): Promise<boolean> {
    if (performance.now() - (this.seen.get(image) ?? -Infinity) < PRESENT_FOR_MS) return Promise.resolve(true);
    const asking = this.asking.get(image) ?? this.ask(image).finally(() => this.asking.delete(image));
    this.asking.set(image, asking);
    return asking;
  }

  private async ask(image: string): Promise<boolean> {
    const asked = performance.now();
    const isThere = await this.docker.hasImage(image);
    if (isThere) this.seen.set(image, asked);
    return isThere;
  }
}
