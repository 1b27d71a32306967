import { label } from '../../domain/names';
import type { DockerHost } from '../../clients/docker/docker-host';
import type { ListedContainer } from '../../clients/docker/listed-container';
import { pauseUntil } from '../../lib/pause';

/** How long a new request waits for a list under way before a list of its own begins. */
const WAITS_FOR_ANOTHER_MS = 1_000;

interface Asker {
  readonly vpn: string;
  readonly answer: (containers: readonly ListedContainer[]) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Lists engines for the VPNs of a host. Requests that come together share one list: that of a single VPN if all ask
 * for the same one, else that of all VPNs.
 */
export class EngineLists {
  private waiting: Asker[] = [];
  private listing = false;

  constructor(
    private readonly docker: DockerHost,
    private readonly containerLabel: string,
  ) {}

  /** The containers of a VPN's engines, from a list that begins after this call. @throws DockerUnreachable */
  of(vpn: string): Promise<readonly ListedContainer[]> {
    return new Promise((answer, fail) => {
      this.waiting.push({ vpn, answer, fail });
      if (!this.listing) void this.list();
    });
  }

  /** The containers of all engines, by the name of their VPN. @throws DockerUnreachable */
  async all(): Promise<ReadonlyMap<string, readonly ListedContainer[]>> {
    return byVpn(await this.docker.list([this.containerLabel]));
  }

  private async list(): Promise<void> {
    this.listing = true;
    // Requests of the same moment share this list.
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

/**
 * How long an image that was found counts as present. Docker's container events don't tell when an image is removed.
 */
const PRESENT_FOR_MS = 30_000;

/** Which images are on the Docker host. A present image is looked up again after 30 s, a missing one each time. */
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
