import type { Instant, Port } from '../../domain/engine';
import { keptLabels } from '../../domain/labels';
import { label } from '../../domain/names';
import { session, type DockerHealth, type ObservedEngine, type VpnObservation } from '../../domain/vpn/observation';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import type { ListedContainer } from '../../clients/docker/listed-container';
import { downtime } from '../../clients/docker/reading/downtime';
import { containerEnvironment } from '../../clients/gluetun/container-environment';
import { p2pPortOf } from '../../clients/engine/p2p-port';

/** What Docker says about a VPN and its engines. Whether the engines answer is not part of it. */
export interface DockerSnapshot {
  /** When the VPN's container was last confirmed to be in this state. */
  readonly at: Instant;
  /** The same moment in monotonic time. */
  readonly monotonicAt: number;
  readonly vpn: VpnObservation;
  readonly details: ContainerDetails | null;
  readonly engines: readonly EngineSnapshot[];
  readonly imagePresent: boolean;
}

export interface SnapshotOptions {
  readonly vpn: string;
  readonly instance: string;
  /** `name=value`, marks the containers that are ours. */
  readonly containerLabel: string;
}

/**
 * Whether an engine or the VPN's container, in whose network all engines live, has ended, been removed or been
 * restarted in between.
 */
export function hasLost(before: DockerSnapshot, now: DockerSnapshot): boolean {
  const runs = new Set(now.engines.map(runOf));
  return session(before.vpn) !== session(now.vpn) || before.engines.some((e) => e.running && !runs.has(runOf(e)));
}

function runOf({ id, startedAt }: EngineSnapshot): string {
  return `${id}@${startedAt}`;
}

export type EngineSnapshot = Omit<ObservedEngine, 'health'>;

export function observeDocker(details: ContainerDetails | null): VpnObservation {
  if (!details) return { kind: 'absent' };
  const { State, Config } = details;
  const checkedEveryMs = healthCheckInterval(Config.Healthcheck);
  const down = downtime(details);
  const { portForwarding, controlPort, listeningPorts } = containerEnvironment(Config.Env ?? []);
  return {
    kind: 'present',
    id: details.Id,
    startedAt: instant(State.StartedAt),
    running: down === null,
    ...(down === null ? {} : { down }),
    health: dockerHealth(State.Health?.Status),
    ...(checkedEveryMs === null ? {} : { checkedEveryMs }),
    portForwarding,
    ...(controlPort === null ? {} : { controlPort }),
    ...(listeningPorts.length === 0 ? {} : { redirectedTo: listeningPorts }),
  };
}

/** Docker's default interval (docs.docker.com/reference/dockerfile, HEALTHCHECK). */
const DOCKER_CHECKS_EVERY_MS = 30_000;

/** In ms; null without a health check. Docker gives the interval in ns, and 0 for its default. */
function healthCheckInterval(check: ContainerDetails['Config']['Healthcheck']): number | null {
  const [kind = 'NONE'] = check?.Test ?? [];
  if (kind === 'NONE') return null;
  return Math.ceil((check?.Interval ?? 0) / 1e6) || DOCKER_CHECKS_EVERY_MS;
}

/** In ms since 1970. Docker writes 'never' as a time in the year 1, which becomes 0. */
function instant(text: string): Instant {
  return Math.max(0, Date.parse(text));
}

export function dockerHealth(status: string | undefined): DockerHealth {
  return status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : 'none';
}

function port(text: string | undefined): Port | null {
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= 65_535 ? value : null;
}

/** Null for a container whose labels name no HTTP port: it can't be an engine of ours. */
export function engineSnapshot(
  container: ListedContainer,
  details: ContainerDetails,
  { vpn, containerLabel }: Pick<SnapshotOptions, 'vpn' | 'containerLabel'>,
): EngineSnapshot | null {
  const { labels } = container;
  const httpPort = port(labels[label.httpPort] ?? labels[label.hostHttpPort]);
  if (httpPort === null) return null;
  const forwarded = labels[label.forwarded] === 'true';
  // Between two runs of a crashing container Docker sets both.
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
