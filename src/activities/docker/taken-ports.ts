import { ApplicationFailure } from '@temporalio/common';
import { withDeadline } from '../../lib/deadline';
import { label } from '../../domain/names';
import type { Port } from '../../domain/engine';
import { PORTS_TAKEN, type PortsTaken, type TakenPorts } from '../../domain/vpn/taken-ports';
import type { ContainerDetails, DockerHost } from '../../clients/docker/docker-host';
import type { ListedContainer } from '../../clients/docker/listed-container';
import { resolve } from '../../clients/docker/reach/reach';
import { url, type Endpoint } from '../../clients/engine/engine-api';
import { accepted } from '../../lib/tcp';
import { http } from '../../clients/http';
import { pauseUntil } from '../../lib/pause';
import type { ActivityDeps } from '../deps';

// Containers in a VPN's network share its ports. An engine can't start on a port that another program has, and that
// program's answer may be taken for the engine's.

/** Enough on one machine. A firewall may drop the question without an answer. */
const ANSWERS_WITHIN_MS = 250;
const CHECK_EVERY_MS = 1_000;
const NAMED_AT_MOST = 5;

type Deps = Pick<ActivityDeps, 'docker' | 'reach'>;

/** Those of the ports on which something listens; none if that can't be found out from here. */
export async function portsInUse(vpn: ContainerDetails, ports: readonly Port[], deps: Deps): Promise<Port[]> {
  const reach = await deps.reach();
  // Docker accepts connections to a published port whether or not a program listens behind it, so an HTTP answer is
  // needed there.
  const answers = async (endpoint: Endpoint, signal: AbortSignal): Promise<unknown> =>
    reach.kind === 'published' ? http(url(endpoint), { signal, bytesAtMost: 0 }) : accepted(endpoint, signal);
  const asked = ports.map(async (port) => {
    try {
      const endpoint = resolve(reach, vpn, port);
      // Each question has a signal of its own: Node warns of a signal with many listeners.
      await withDeadline(ANSWERS_WITHIN_MS, new AbortController().signal, (limit) => answers(endpoint, limit));
      return [port];
    } catch {
      return [];
    }
  });
  return (await Promise.all(asked)).flat();
}

/**
 * Puts into words who has the ports, as far as Docker's list of containers tells; null: it does not.
 * @param own the id of the engine that needs the ports
 */
export async function holderInWords(
  vpn: ContainerDetails,
  ports: readonly Port[],
  own: string | null,
  docker: DockerHost,
): Promise<string | null> {
  // All programs of the host are in this network.
  if (vpn.HostConfig.NetworkMode === 'host') return null;
  try {
    const all = await docker.list([]);
    const inNetwork = all.filter((c) => c.running && c.id !== own && c.networkOf !== null && isOf(c.networkOf, vpn));
    const engines = inNetwork.filter((c) => engineHas(c, ports));
    const others = inNetwork.filter((c) => !isEngine(c));
    const suspects = engines.length > 0 ? engines : others;
    const names = suspects.slice(0, NAMED_AT_MOST).map((c) => `'${c.name}'`);
    if (names.length === 0) return "a program in the VPN's own container";
    if (names.length === 1) return `container ${names[0]}`;
    return `one of the containers ${names.join(', ')}${suspects.length > names.length ? ' and others' : ''}`;
  } catch {
    return null;
  }
}

function isOf(networkOf: string, vpn: ContainerDetails): boolean {
  return networkOf === vpn.Id || networkOf === vpn.Name.replace(/^\//, '');
}

/** An engine of this or of another Portward. Its labels name its ports. */
function isEngine({ labels }: ListedContainer): boolean {
  return labels[label.httpPort] !== undefined;
}

function engineHas({ labels }: ListedContainer, ports: readonly Port[]): boolean {
  return [label.httpPort, label.httpsPort, label.p2pPort].some((name) => ports.includes(Number(labels[name])));
}

/**
 * The failure of an attempt whose ports another program has. `failureOf` says what the replacement does about it.
 * @param started see `PortsTaken`
 */
export function portsTakenFailure(message: string, taken: TakenPorts, started: boolean): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: PORTS_TAKEN,
    nonRetryable: true,
    details: [{ taken, started } satisfies PortsTaken],
  });
}

/** Returns when nothing listens on the ports any more, when the VPN does not run, or when the time is up. */
export async function untilFree(
  { vpn, ports, withinMs }: { readonly vpn: string; readonly ports: readonly Port[]; readonly withinMs: number },
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!signal.aborted && performance.now() < deadline) {
    const details = await deps.docker.inspectByName(vpn);
    if (!details?.State.Running || (await portsInUse(details, ports, deps)).length === 0) return;
    await pauseUntil(CHECK_EVERY_MS, signal);
  }
}
