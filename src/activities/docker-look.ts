import type { ContainerId, Instant, Port } from '../domain/engine';
import { keptLabels } from '../domain/labels';
import { label } from '../domain/names';
import { session, type DockerHealth, type ObservedEngine, type VpnObservation } from '../domain/observation';
import type { ContainerDetails, DockerHost, ListedContainer } from '../docker/docker-host';
import { downtime } from '../docker/downtime';
import { containerEnvironment } from '../gluetun/container-environment';
import { lastWords } from './last-words';
import { p2pPortOf } from '../engine/p2p-port';

/** What Docker says of a VPN and its engines; whether the engines answer is not Docker's to say. */
export interface DockerLook {
  /** When it began. */
  readonly at: number;
  readonly vpn: VpnObservation;
  readonly details: ContainerDetails | null;
  readonly engines: readonly Omit<ObservedEngine, 'health'>[];
  readonly imagePresent: boolean;
}

export interface LookOptions {
  readonly vpn: string;
  readonly instance: string;
  readonly containerLabel: string;
  readonly image: string;
}

/** Whether an engine's run, or that of the VPN's container in whose network all live, is over: ended, removed or begun anew. */
export function hasLost(before: DockerLook, now: DockerLook): boolean {
  const runs = new Set(now.engines.map(runOf));
  return session(before.vpn) !== session(now.vpn) || before.engines.some((e) => e.running && !runs.has(runOf(e)));
}

function runOf({ id, startedAt }: EngineLook): string {
  return `${id}@${startedAt}`;
}

type EngineLook = Omit<ObservedEngine, 'health'>;

/**
 * Looks at one VPN again and again, asking Docker for as little as it can: the VPN's container each time, the list of
 * engines and the image when an event says so, half a minute has gone by or there is no image; an engine's details once a run.
 */
export class DockerLooker {
  private readonly details = new Map<ContainerId, EngineLook>();
  private listed: {
    /** On the clock that nobody sets. */
    readonly at: number;
    readonly engines: readonly EngineLook[];
    readonly imagePresent: boolean;
  } | null = null;
  /** Raised whenever something was forgotten: what was asked before that may be the state before the event. */
  private forgotten = 0;

  constructor(
    private readonly docker: DockerHost,
    private readonly options: LookOptions,
  ) {}

  /** Something happened to a container, or to any of them (null): what was known of it no longer counts. */
  forget(id: ContainerId | null): void {
    this.forgotten++;
    this.listed = null;
    if (id === null) this.details.clear();
    else this.details.delete(id);
  }

  /** @throws DockerUnreachable */
  async look(): Promise<DockerLook> {
    const at = Date.now();
    const [details, { engines, imagePresent }] = await Promise.all([
      this.docker.inspectByName(this.options.vpn),
      this.list(),
    ]);
    const vpn = details ? observeDocker(details) : await this.absent();
    return { at, vpn, details, engines, imagePresent };
  }

  /** Who names a Compose service means its container, which Compose has named after project, service and number. */
  private async absent(): Promise<VpnObservation> {
    const containers = await this.docker.list([`${COMPOSE_SERVICE}=${this.options.vpn}`]);
    if (containers.length === 0) return { kind: 'absent' };
    return {
      kind: 'absent',
      ofService: containers
        .map(({ name }) => name)
        .toSorted()
        .slice(0, NAMED_AT_MOST),
    };
  }

  private async list(): Promise<{ engines: readonly EngineLook[]; imagePresent: boolean }> {
    // Of an image that comes no container's event tells.
    if (this.listed?.imagePresent && performance.now() - this.listed.at < LIST_AGAIN_MS) return this.listed;
    const { vpn, containerLabel, image } = this.options;
    const { forgotten } = this;
    const begun = performance.now();
    const [containers, imagePresent] = await Promise.all([
      this.docker.list([containerLabel, `${label.vpn}=${vpn}`]),
      this.docker.hasImage(image),
    ]);
    const ours = containers.filter((c) => [undefined, this.options.instance].includes(c.labels[label.instance]));
    const looks = await Promise.all(ours.map((c) => this.engine(c)));
    // One that vanished between list and inspect is simply not there; the others are.
    const engines = looks.filter((e): e is EngineLook => e !== null);
    const listed = { at: begun, engines, imagePresent };
    if (forgotten === this.forgotten) this.listed = listed;
    return listed;
  }

  private async engine(container: ListedContainer): Promise<EngineLook | null> {
    const known = this.details.get(container.id);
    if (known?.running === container.running) return known;
    const { forgotten } = this;
    const details = await this.docker.inspect(container.id);
    if (!details) return null;
    const found = engineLook(container, details, this.options);
    const look = found && (await this.withExit(found, details));
    if (look && forgotten === this.forgotten) this.details.set(container.id, look);
    return look;
  }

  /** Of one that Portward lets go of nobody asks how it ended. */
  private async withExit(look: EngineLook, details: ContainerDetails): Promise<EngineLook> {
    const { State } = details;
    if (look.running || look.evicted || State.Status === 'created') return look;
    const ports = [look.httpPort, look.httpsPort, look.p2pPort].filter((p) => p !== null);
    const { lastLine } = await lastWords(details, ports, this.docker);
    return { ...look, exit: { code: State.ExitCode, outOfMemory: State.OOMKilled, lastLine } };
  }
}

const LIST_AGAIN_MS = 30_000;
const COMPOSE_SERVICE = 'com.docker.compose.service';
const NAMED_AT_MOST = 5;

export function observeDocker(details: ContainerDetails | null): VpnObservation {
  if (!details) return { kind: 'absent' };
  const { State } = details;
  const down = downtime(details);
  const { portForwarding, controlPort, listeningPorts } = containerEnvironment(details.Config.Env ?? []);
  return {
    kind: 'present',
    id: details.Id,
    startedAt: instant(State.StartedAt),
    running: down === null,
    ...(down === null ? {} : { down }),
    health: dockerHealth(State.Health?.Status),
    portForwarding,
    ...(controlPort === null ? {} : { controlPort }),
    ...(listeningPorts.length === 0 ? {} : { redirectedTo: listeningPorts }),
  };
}

/** Docker's time for never is in the year 1. */
function instant(text: string): Instant {
  return Math.max(0, Date.parse(text));
}

function dockerHealth(status: string | undefined): DockerHealth {
  return status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : 'none';
}

function port(text: string | undefined): Port | null {
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= 65_535 ? value : null;
}

/** Null for a container whose labels name no HTTP port: it can't be an engine of ours. */
function engineLook(
  container: ListedContainer,
  details: ContainerDetails,
  { vpn, containerLabel }: LookOptions,
): EngineLook | null {
  const { labels } = container;
  const httpPort = port(labels[label.httpPort] ?? labels[label.hostHttpPort]);
  if (httpPort === null) return null;
  const forwarded = labels[label.forwarded] === 'true';
  // Between two runs of a crashing container Docker says both.
  const running = details.State.Running && !details.State.Restarting;
  const is = {
    role: forwarded ? ('forwarded' as const) : ('plain' as const),
    httpPort,
    httpsPort: port(labels[label.httpsPort]),
    p2pPort: port(labels[label.p2pPort]) ?? p2pPortOf(details.Config.Env ?? [], details.Config.Cmd ?? []),
  };
  return {
    id: container.id,
    name: container.name,
    ...is,
    labels: keptLabels(labels, is, vpn, containerLabel),
    createdAt: container.createdAt,
    evicted: labels[label.replacement] !== undefined && details.HostConfig.RestartPolicy?.Name === 'no',
    running,
    startedAt: running ? Date.parse(details.State.StartedAt) : null,
    networkOf: container.networkOf ?? '',
  };
}
