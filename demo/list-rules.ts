import type { ProxyEngine } from '../simulator/proxy-client';

/** Rules that every answer of `/engines` must keep. */
export class ListRules {
  readonly broken = new Set<string>();
  private readonly evicted = new Set<string>();
  lists = 0;

  /** From now on this engine must not be listed. */
  evict(containerId: string): void {
    this.evicted.add(containerId);
  }

  check(engines: readonly ProxyEngine[]): void {
    this.lists++;
    const forwarded = engines.filter((engine) => engine.forwarded === true).map((engine) => engine.vpn_container);
    for (const vpn of new Set(forwarded)) {
      const count = forwarded.filter((name) => name === vpn).length;
      if (count > 1) this.broken.add(`${count} forwarded engines of ${vpn} at once`);
    }
    for (const { container_id: id, container_name: name } of engines) {
      if (this.evicted.has(id)) this.broken.add(`${name} came back after it was evicted`);
    }
  }
}
