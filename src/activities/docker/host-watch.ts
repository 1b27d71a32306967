import type { Logger } from 'pino';
import { label } from '../../domain/names';
import type { ContainerEvent, DockerEvents } from '../../clients/docker/docker-events';
import type { DockerHost } from '../../clients/docker/docker-host';
import { LogFollower } from '../../clients/docker/reading/log-follower';
import { isPortHint } from '../../clients/gluetun/log-hint';
import { pauseUntil } from '../../lib/pause';
import { EngineLists, Images } from './lists';
import type { DockerLook } from './look';
import { DockerLooker, type Asked } from './looker';
import type { VpnMemory } from '../observe/vpn-memory';

/** A watch of one VPN, as long as it lasts. */
export interface VpnListener {
  /** Its containers may be otherwise than they were seen last. */
  readonly look: () => void;
  /** Docker speaks against the VPN. */
  readonly doubt: () => void;
  /** Something says that its port may be another one. */
  readonly hint: () => void;
}

export interface VpnToWatch {
  readonly vpn: string;
  readonly instance: string;
  readonly memory: Pick<VpnMemory, 'doubt' | 'health'>;
}

/** What a watch has of the host. */
export interface VpnOnHost {
  /** @throws DockerUnreachable */
  look(image: string): Promise<DockerLook>;
  /** The next look asks Docker for the VPN's container. */
  forgetVpn(): void;
  /** The next look asks Docker for what it has kept, and (`wholly`) for what never changes within a run. */
  forget(wholly: boolean): void;
  leave(): void;
}

export interface HostWatchOptions {
  readonly docker: DockerHost;
  readonly events: DockerEvents;
  readonly containerLabel: string;
  readonly intervalMs: number;
  /** Ends all of it. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

interface Member {
  readonly memory: VpnToWatch['memory'];
  readonly looker: DockerLooker;
  readonly listeners: Set<VpnListener>;
  readonly log: LogFollower;
  leaving: NodeJS.Timeout | null;
}

const ENGINES_EVERY_MS = 30_000;
/** How often everything is listed while no event tells what happens, at least. */
const UNTOLD_INTERVAL_MS = 2_000;
/** One watch of a VPN follows the other within moments, unless Temporal is away. */
const KEPT_FOR_MS = 60_000;
/** Names in one list: they go into the address, of which proxies take some thousand characters. */
const NAMES_AT_ONCE = 100;

/**
 * The one watch of a Docker host for all VPNs of a worker: it hands events and lines of logs to the VPN that they concern, and lists
 * containers again and again for what no event has told. It outlasts the watches of the VPNs, which come and go with each news.
 */
export class HostWatch {
  private readonly members = new Map<string, Member>();
  private readonly lists: EngineLists;
  private readonly images: Images;
  private unsubscribe: (() => void) | null = null;
  private listing = false;
  private poke = new AbortController();

  constructor(private readonly options: HostWatchOptions) {
    this.lists = new EngineLists(options.docker, options.containerLabel);
    this.images = new Images(options.docker);
    options.stopping.addEventListener('abort', () => this.close(), { once: true });
  }

  join(vpn: VpnToWatch, listener: VpnListener): VpnOnHost {
    const member = this.members.get(vpn.vpn) ?? this.begin(vpn);
    if (member.leaving) clearTimeout(member.leaving);
    member.leaving = null;
    if (member.listeners.size === 0) member.looker.failed(null);
    member.listeners.add(listener);
    const { looker, log } = member;
    return {
      look: async (image) => {
        const look = await looker.look(image);
        if (look.details?.State.Running && !this.options.stopping.aborted) log.follow(look.details);
        return look;
      },
      forgetVpn: () => looker.forgetVpn(),
      forget: (wholly) => {
        if (wholly) return looker.forgetAll();
        looker.forgetVpn();
        looker.forgetEngine(null);
      },
      leave: () => {
        member.listeners.delete(listener);
        if (member.listeners.size > 0 || member.leaving) return;
        member.leaving = setTimeout(() => this.end(vpn.vpn, member), KEPT_FOR_MS).unref();
      },
    };
  }

  private begin({ vpn, instance, memory }: VpnToWatch): Member {
    const { docker, containerLabel, log, events } = this.options;
    const { lists, images } = this;
    const listeners = new Set<VpnListener>();
    const heard = (line: string) => {
      if (isPortHint(line)) for (const { hint } of listeners) hint();
    };
    const member: Member = {
      memory,
      listeners,
      leaving: null,
      looker: new DockerLooker({ docker, lists, images }, { vpn, instance, containerLabel }),
      log: new LogFollower(docker, { name: vpn, heard, log }),
    };
    this.members.set(vpn, member);
    this.unsubscribe ??= events.subscribe((event) => this.heard(event));
    if (!this.listing) void this.list();
    return member;
  }

  private end(vpn: string, member: Member): void {
    member.log.stop();
    this.members.delete(vpn);
    if (this.members.size > 0) return;
    this.unsubscribe?.();
    this.unsubscribe = null;
    this.poke.abort();
  }

  private close(): void {
    for (const [vpn, member] of this.members) {
      if (member.leaving) clearTimeout(member.leaving);
      this.end(vpn, member);
    }
  }

  private heard(event: ContainerEvent | null): void {
    if (event === null) {
      for (const { looker } of this.members.values()) {
        looker.forgetVpn();
        looker.forgetEngine(null);
      }
      this.wake();
      // Whether events are missing may be otherwise than it was.
      this.poke.abort();
      return;
    }
    const { id, action, attributes } = event;
    const now = performance.now();
    const vpn = this.members.get(attributes['name'] ?? '');
    if (vpn) {
      vpn.looker.forgetVpn();
      const isSign = vpn.memory.doubt.heard(event, now);
      for (const { look, doubt } of vpn.listeners) (isSign ? doubt : look)();
    }
    const itsVpn = this.members.get(attributes[label.vpn] ?? '');
    if (itsVpn) {
      itsVpn.looker.forgetEngine(id);
      if (action === 'kill') itsVpn.memory.health.doubt(id, now);
      for (const { look } of itsVpn.listeners) look();
    }
  }

  private wake(): void {
    for (const { listeners } of this.members.values()) for (const { look } of listeners) look();
  }

  /** Lists again and again what is watched. */
  private async list(): Promise<void> {
    const { events, intervalMs } = this.options;
    this.listing = true;
    const begun = performance.now();
    const last = { vpns: begun, engines: begun };
    const due = (what: keyof typeof last, everyMs: number) =>
      last[what] + (events.areMissing ? Math.min(UNTOLD_INTERVAL_MS, everyMs) : everyMs);
    while (this.members.size > 0) {
      this.poke = new AbortController();
      const now = performance.now();
      const isDue = { vpns: now >= due('vpns', intervalMs), engines: now >= due('engines', ENGINES_EVERY_MS) };
      if (isDue.vpns) last.vpns = now;
      if (isDue.engines) last.engines = now;
      if (isDue.vpns || isDue.engines) await this.round(isDue);
      const next = Math.min(due('vpns', intervalMs), due('engines', ENGINES_EVERY_MS));
      await pauseUntil(Math.max(0, next - performance.now()), this.poke.signal);
    }
    this.listing = false;
  }

  private async round(isDue: { readonly vpns: boolean; readonly engines: boolean }): Promise<void> {
    const asked: Asked = { at: Date.now(), asked: performance.now() };
    const members = [...this.members];
    try {
      await Promise.all([
        isDue.vpns ? this.listVpns(members, asked) : null,
        isDue.engines ? this.listEngines(members, asked) : null,
      ]);
    } catch (error) {
      for (const [, { looker }] of members) looker.failed(error);
    }
    this.wake();
  }

  private async listVpns(members: readonly [string, Member][], asked: Asked): Promise<void> {
    for (let from = 0; from < members.length; from += NAMES_AT_ONCE) {
      const some = members.slice(from, from + NAMES_AT_ONCE);
      const found = await this.options.docker.listNamed(some.map(([name]) => name));
      const byName = new Map(found.map((container) => [container.name, container]));
      for (const [name, { looker }] of some) looker.vpnListed(byName.get(name) ?? null, asked);
    }
  }

  private async listEngines(members: readonly [string, Member][], asked: Asked): Promise<void> {
    const found = await this.lists.all();
    for (const [name, { looker }] of members) looker.enginesListed(found.get(name) ?? [], asked);
  }
}
