import type { Logger } from 'pino';
import { label } from '../../domain/names';
import type { ContainerEvent, DockerEvents } from '../../clients/docker/docker-events';
import type { DockerHost } from '../../clients/docker/docker-host';
import { LogFollower } from '../../clients/docker/reading/log-follower';
import { isPortHint } from '../../clients/gluetun/log-hint';
import { pauseUntil } from '../../lib/pause';
import { EngineLists, Images } from './lists';
import type { DockerSnapshot } from './snapshot';
import { DockerReader, type AskedAt } from './reader';
import type { VpnMemory } from '../observe/vpn-memory';

/** What the watch of one VPN is told, for as long as it lasts. */
export interface VpnListener {
  /** The VPN's container or its engines may have changed. */
  readonly changed: () => void;
  /** An event of Docker is a sign that the VPN is ending. */
  readonly doubt: () => void;
  /** A log line of the VPN is a hint that its port may have changed. */
  readonly hint: () => void;
}

export interface VpnToWatch {
  readonly vpn: string;
  readonly instance: string;
  readonly memory: Pick<VpnMemory, 'doubt' | 'health'>;
}

/** What the watch of one VPN can ask of the host's watch. */
export interface VpnOnHost {
  /** @throws DockerUnreachable */
  snapshot(image: string): Promise<DockerSnapshot>;
  /** The next snapshot reads the VPN's container from Docker again. */
  forgetVpn(): void;
  /**
   * The next snapshot reads the VPN's container and the list of its engines from Docker again; `wholly`: the details
   * of each engine, too.
   */
  forget(wholly: boolean): void;
  leave(): void;
}

export interface HostWatchOptions {
  readonly docker: DockerHost;
  readonly events: DockerEvents;
  readonly containerLabel: string;
  readonly intervalMs: number;
  /** Ends the watch for all VPNs. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/** A VPN that is watched, or was a moment ago. */
interface WatchedVpn {
  readonly memory: VpnToWatch['memory'];
  readonly reader: DockerReader;
  readonly listeners: Set<VpnListener>;
  readonly log: LogFollower;
  /** Forgets the VPN unless it is watched again in time; null while it is watched. */
  leaving: NodeJS.Timeout | null;
}

/** Time between two lists of engines while events arrive. VPNs are listed at each health check. */
const ENGINES_EVERY_MS = 30_000;
/** Longest time between two lists while Docker's events are missing. */
const WITHOUT_EVENTS_INTERVAL_MS = 2_000;
/**
 * How long a VPN is kept after its last watch has ended. The next watch begins within moments, unless Temporal is
 * unreachable.
 */
const KEPT_FOR_MS = 60_000;
/** VPNs in one request. Their names are part of its URL, of which proxies accept some thousand characters. */
const NAMES_AT_ONCE = 100;

/**
 * Watches the Docker host for all VPNs of a worker. It passes events and log lines on to the watch of the VPN that
 * they concern, and lists containers periodically, for changes of which no event told. It lasts as long as any VPN is
 * watched; the watch of one VPN ends with each observation.
 */
export class HostWatch {
  private readonly members = new Map<string, WatchedVpn>();
  private readonly lists: EngineLists;
  private readonly images: Images;
  private unsubscribe: (() => void) | null = null;
  private listing = false;
  private waker = new AbortController();

  constructor(private readonly options: HostWatchOptions) {
    this.lists = new EngineLists(options.docker, options.containerLabel);
    this.images = new Images(options.docker);
    options.stopping.addEventListener('abort', () => this.close(), { once: true });
  }

  join(vpn: VpnToWatch, listener: VpnListener): VpnOnHost {
    const member = this.members.get(vpn.vpn) ?? this.begin(vpn);
    if (member.leaving) clearTimeout(member.leaving);
    member.leaving = null;
    if (member.listeners.size === 0) member.reader.failed(null);
    member.listeners.add(listener);
    const { reader, log } = member;
    return {
      snapshot: async (image) => {
        const snapshot = await reader.snapshot(image);
        const { details } = snapshot;
        if (details?.State.Running && !this.options.stopping.aborted) log.follow(details);
        return snapshot;
      },
      forgetVpn: () => reader.forgetVpn(),
      forget: (wholly) => {
        if (wholly) return reader.forgetAll();
        reader.forgetVpn();
        reader.forgetEngine(null);
      },
      leave: () => {
        member.listeners.delete(listener);
        if (member.listeners.size > 0 || member.leaving) return;
        member.leaving = setTimeout(() => this.end(vpn.vpn, member), KEPT_FOR_MS).unref();
      },
    };
  }

  private begin({ vpn, instance, memory }: VpnToWatch): WatchedVpn {
    const { docker, containerLabel, log, events } = this.options;
    const { lists, images } = this;
    const listeners = new Set<VpnListener>();
    const onLine = (line: string) => {
      if (isPortHint(line)) for (const { hint } of listeners) hint();
    };
    const member: WatchedVpn = {
      memory,
      listeners,
      leaving: null,
      reader: new DockerReader({ docker, lists, images }, { vpn, instance, containerLabel }),
      log: new LogFollower(docker, { name: vpn, onLine, log }),
    };
    this.members.set(vpn, member);
    this.unsubscribe ??= events.subscribe((event) => this.received(event));
    if (!this.listing) void this.list();
    return member;
  }

  private end(vpn: string, member: WatchedVpn): void {
    member.log.stop();
    this.members.delete(vpn);
    if (this.members.size > 0) return;
    this.unsubscribe?.();
    this.unsubscribe = null;
    this.waker.abort();
  }

  private close(): void {
    for (const [vpn, member] of this.members) {
      if (member.leaving) clearTimeout(member.leaving);
      this.end(vpn, member);
    }
  }

  private received(event: ContainerEvent | null): void {
    if (event === null) {
      for (const { reader } of this.members.values()) {
        reader.forgetVpn();
        reader.forgetEngine(null);
      }
      this.wake();
      // Events may be missing from now on, or no longer be missing: that changes the intervals of `list`.
      this.waker.abort();
      return;
    }
    const { id, action, attributes } = event;
    const now = performance.now();
    const vpn = this.members.get(attributes['name'] ?? '');
    if (vpn) {
      vpn.reader.forgetVpn();
      const isSign = vpn.memory.doubt.received(event, now);
      for (const { changed, doubt } of vpn.listeners) (isSign ? doubt : changed)();
    }
    const vpnOfEngine = this.members.get(attributes[label.vpn] ?? '');
    if (vpnOfEngine) {
      vpnOfEngine.reader.forgetEngine(id);
      if (action === 'kill') vpnOfEngine.memory.health.doubt(id, now);
      for (const { changed } of vpnOfEngine.listeners) changed();
    }
  }

  private wake(): void {
    for (const { listeners } of this.members.values()) for (const { changed } of listeners) changed();
  }

  /** Lists VPNs and engines at their intervals while any VPN is watched. */
  private async list(): Promise<void> {
    const { events, intervalMs } = this.options;
    this.listing = true;
    const begun = performance.now();
    const last = { vpns: begun, engines: begun };
    const due = (what: keyof typeof last, everyMs: number) =>
      last[what] + (events.areMissing ? Math.min(WITHOUT_EVENTS_INTERVAL_MS, everyMs) : everyMs);
    while (this.members.size > 0) {
      this.waker = new AbortController();
      const now = performance.now();
      const isDue = { vpns: now >= due('vpns', intervalMs), engines: now >= due('engines', ENGINES_EVERY_MS) };
      if (isDue.vpns) last.vpns = now;
      if (isDue.engines) last.engines = now;
      if (isDue.vpns || isDue.engines) await this.round(isDue);
      const next = Math.min(due('vpns', intervalMs), due('engines', ENGINES_EVERY_MS));
      await pauseUntil(Math.max(0, next - performance.now()), this.waker.signal);
    }
    this.listing = false;
  }

  private async round(isDue: { readonly vpns: boolean; readonly engines: boolean }): Promise<void> {
    const asked: AskedAt = { at: Date.now(), monotonicAt: performance.now() };
    const members = [...this.members];
    try {
      await Promise.all([
        isDue.vpns ? this.listVpns(members, asked) : null,
        isDue.engines ? this.listEngines(members, asked) : null,
      ]);
    } catch (error) {
      for (const [, { reader }] of members) reader.failed(error);
    }
    this.wake();
  }

  private async listVpns(members: readonly [string, WatchedVpn][], asked: AskedAt): Promise<void> {
    for (let from = 0; from < members.length; from += NAMES_AT_ONCE) {
      const some = members.slice(from, from + NAMES_AT_ONCE);
      const found = await this.options.docker.listNamed(some.map(([name]) => name));
      const byName = new Map(found.map((container) => [container.name, container]));
      for (const [name, { reader }] of some) reader.vpnListed(byName.get(name) ?? null, asked);
    }
  }

  private async listEngines(members: readonly [string, WatchedVpn][], asked: AskedAt): Promise<void> {
    const found = await this.lists.all();
    for (const [name, { reader }] of members) reader.enginesListed(found.get(name) ?? [], asked);
  }
}
