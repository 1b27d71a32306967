import type { ContainerId, Instant } from '../../domain/engine';
import { label } from '../../domain/names';
import type { VpnObservation } from '../../domain/vpn/observation';
import type { ContainerDetails, DockerHost } from '../../clients/docker/docker-host';
import { COMPOSE_SERVICE, type ListedContainer } from '../../clients/docker/listed-container';
import { healthIn, Uptimes } from '../../clients/docker/reading/status-text';
import {
  dockerHealth,
  engineSnapshot,
  observeDocker,
  type DockerSnapshot,
  type EngineSnapshot,
  type SnapshotOptions,
} from './snapshot';
import type { EngineLists, Images } from './lists';
import { lastWords } from '../engine/last-words';

/** When a question was sent to Docker. */
export interface AskedAt {
  readonly at: Instant;
  /** The same moment in monotonic time. */
  readonly monotonicAt: number;
}

interface VpnSnapshot extends AskedAt {
  readonly vpn: VpnObservation;
  readonly details: ContainerDetails | null;
}

export interface ReaderParts {
  readonly docker: DockerHost;
  /** Shared by all VPNs of the host, as is `images`. */
  readonly lists: EngineLists;
  readonly images: Images;
}

const NAMED_AT_MOST = 5;
/**
 * How long a container counts as absent. After that Docker is asked for it again, and for a Compose service of its
 * name.
 */
const ABSENT_FOR_MS = 30_000;

/**
 * Keeps what Docker says about one VPN and its engines, for as long as the VPN is watched in this process. Docker is
 * asked again only after an event, a list that differs, or a doubt of the watch. All else costs no call.
 */
export class DockerReader {
  private vpn: VpnSnapshot | null = null;
  private listed: readonly ListedContainer[] | null = null;
  /** Details of engines, which are read once for each run of a container. */
  private readonly runs = new Map<ContainerId, EngineSnapshot>();
  private readonly uptimes = new Uptimes();
  private readonly vpnUptime = new Uptimes();
  /**
   * Counts what has been forgotten. An answer is kept only if nothing was forgotten since its question: it may show
   * the state before the event.
   */
  private vpnForgotten = 0;
  private enginesForgotten = 0;
  private enginesForgottenAt = -Infinity;
  private failure: unknown = null;
  private underWay: { readonly key: string; readonly snapshot: Promise<DockerSnapshot> } | null = null;

  constructor(
    private readonly parts: ReaderParts,
    private readonly options: SnapshotOptions,
  ) {}

  /** The VPN's container may have changed: the next snapshot reads it from Docker. */
  forgetVpn(): void {
    this.vpnForgotten++;
    this.vpn = null;
  }

  /** An engine may have changed, or with null any of them: the next snapshot lists them. */
  forgetEngine(id: ContainerId | null): void {
    this.enginesForgotten++;
    this.enginesForgottenAt = performance.now();
    this.listed = null;
    if (id !== null) this.runs.delete(id);
  }

  /** Forgets also the details of engines that have not changed. */
  forgetAll(): void {
    this.forgetVpn();
    this.forgetEngine(null);
    this.runs.clear();
  }

  /** Takes in a list of VPN containers. @param found the VPN's own; null: the list has none */
  vpnListed(found: ListedContainer | null, asked: AskedAt): void {
    const { vpn } = this;
    this.vpnUptime.keepOnly(new Set(found === null ? [] : [found.id]));
    const isAnotherRun = found !== null && this.vpnUptime.isAnotherRun(found.id, found, asked.monotonicAt);
    // What is kept may be newer than this list.
    if (vpn === null || vpn.monotonicAt > asked.monotonicAt) return;
    if (isAnotherRun || !isUnchanged(found, vpn, asked)) this.forgetVpn();
    else this.vpn = { ...vpn, ...asked };
  }

  /** Takes in a list of the containers of this VPN's engines. */
  enginesListed(found: readonly ListedContainer[], { monotonicAt }: AskedAt): void {
    // A list that was asked for before the last event may not show what the event told.
    if (monotonicAt > this.enginesForgottenAt) this.takeList(found, monotonicAt);
  }

  /** Docker is unreachable: the next snapshot fails with this error. Null: the next snapshot asks Docker itself. */
  failed(error: unknown): void {
    this.failure = error;
    if (error !== null) this.forgetVpn();
  }

  /** Calls at the same time share one answer. @throws DockerUnreachable */
  snapshot(image: string): Promise<DockerSnapshot> {
    const key = `${this.vpnForgotten} ${this.enginesForgotten} ${image}`;
    if (this.underWay?.key === key) return this.underWay.snapshot;
    const snapshot = this.take(image).finally(() => {
      if (this.underWay?.snapshot === snapshot) this.underWay = null;
    });
    this.underWay = { key, snapshot };
    return snapshot;
  }

  private async take(image: string): Promise<DockerSnapshot> {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    const [vpn, engines, imagePresent] = await Promise.all([
      this.vpn ?? this.askForVpn(),
      this.engines(),
      this.parts.images.has(image),
    ]);
    return { ...vpn, engines, imagePresent };
  }

  private async askForVpn(): Promise<VpnSnapshot> {
    const { vpnForgotten } = this;
    const at = Date.now();
    const monotonicAt = performance.now();
    const details = await this.parts.docker.inspectByName(this.options.vpn);
    const vpn = details ? observeDocker(details) : await this.absent();
    const snapshot = { at, monotonicAt, vpn, details };
    if (vpnForgotten === this.vpnForgotten) this.vpn = snapshot;
    return snapshot;
  }

  /**
   * The configured name may be that of a Compose service. Compose names its containers after project, service and
   * number.
   */
  private async absent(): Promise<VpnObservation> {
    const containers = await this.parts.docker.list([`${COMPOSE_SERVICE}=${this.options.vpn}`]);
    if (containers.length === 0) return { kind: 'absent' };
    return {
      kind: 'absent',
      ofService: containers
        .map(({ name }) => name)
        .toSorted()
        .slice(0, NAMED_AT_MOST),
    };
  }

  private async engines(): Promise<readonly EngineSnapshot[]> {
    const { enginesForgotten } = this;
    let containers = this.listed;
    if (containers === null) {
      const asked = performance.now();
      containers = await this.parts.lists.of(this.options.vpn);
      if (enginesForgotten === this.enginesForgotten) this.takeList(containers, asked);
    }
    const ours = containers.filter((c) => [undefined, this.options.instance].includes(c.labels[label.instance]));
    const snapshots = await Promise.all(ours.map((c) => this.engine(c)));
    // An engine that was removed between list and inspect is left out.
    return snapshots.filter((e): e is EngineSnapshot => e !== null);
  }

  private takeList(containers: readonly ListedContainer[], asked: number): void {
    this.listed = containers;
    for (const c of containers) if (this.uptimes.isAnotherRun(c.id, c, asked)) this.runs.delete(c.id);
    const ids = new Set(containers.map((c) => c.id));
    for (const id of this.runs.keys()) if (!ids.has(id)) this.runs.delete(id);
    this.uptimes.keepOnly(ids);
  }

  private async engine(container: ListedContainer): Promise<EngineSnapshot | null> {
    const known = this.runs.get(container.id);
    if (known?.running === container.running) return known;
    const { enginesForgotten } = this;
    const details = await this.parts.docker.inspect(container.id);
    if (!details) return null;
    const found = engineSnapshot(container, details, this.options);
    const snapshot = found && (await this.withExit(found, details));
    if (snapshot && enginesForgotten === this.enginesForgotten) this.runs.set(container.id, snapshot);
    return snapshot;
  }

  /** How an engine ended is of no interest once Portward is releasing it. */
  private async withExit(engine: EngineSnapshot, details: ContainerDetails): Promise<EngineSnapshot> {
    const { State } = details;
    if (engine.running || engine.evicted || State.Status === 'created') return engine;
    const ports = [engine.httpPort, engine.httpsPort, engine.p2pPort].filter((p) => p !== null);
    const { lastLine } = await lastWords(details, ports, this.parts.docker);
    return { ...engine, exit: { code: State.ExitCode, outOfMemory: State.OOMKilled, lastLine } };
  }
}

/** Whether a list shows the VPN as in its last snapshot. */
function isUnchanged(found: ListedContainer | null, last: VpnSnapshot, listed: AskedAt): boolean {
  const { details } = last;
  if (found === null) return details === null && listed.monotonicAt - last.monotonicAt < ABSENT_FOR_MS;
  if (details === null || found.id !== details.Id || found.state !== details.State.Status) return false;
  return !found.running || healthIn(found.status) === dockerHealth(details.State.Health?.Status);
}
