import { ApplicationFailure } from '@temporalio/common';
import { withDeadline } from '../../lib/deadline';
import { label } from '../../domain/names';
import type { Port } from '../../domain/engine';
import { PORTS_TAKEN, type PortsTaken, type TakenPorts } from '../../domain/vpn/taken-ports';
import type { ContainerDetails, DockerHost } from '../../clients/docker/docker-host';
import type { ListedContainer } from '../../clients/docker/listed-container';
import { resolve } from '../../clients/docker/reach/reach';
import { url, type Endpoint } from '../../clients/engine/engine-api';
import { accepted } from '../../clients/tcp';
import { http } from '../../clients/http';
import { pauseUntil } from '../../lib/pause';
import type { ActivityDeps } from '../deps';

// Containers that share a VPN's network share its ports. An engine whose port something else has can't come up, and what
// answers there may be taken for it.

/** On the same machine; a firewall may swallow the question. */
const ANSWERS_WITHIN_MS = 250;
const LOOK_EVERY_MS = 1_000;
const NAMED_AT_MOST = 5;

type Deps = Pick<ActivityDeps, 'docker' | 'reach'>;

/** Those of the ports on which something listens; none where that can't be told from here. */
export async function listening(vpn: ContainerDetails, ports: readonly Port[], deps: Deps): Promise<Port[]> {
  const reach = await deps.reach();
  // Docker accepts connections to what it publishes, whether something listens behind it or not.
  const answers = async (endpoint: Endpoint, signal: AbortSignal): Promise<unknown> =>
    reach.kind === 'published' ? http(url(endpoint), { signal, bytesAtMost: 0 }) : accepted(endpoint, signal);
  const asked = ports.map(async (port) => {
    try {
      const endpoint = resolve(reach, vpn, port);
      // A signal of its own for each: Node warns of one that many listen to.
      await withDeadline(ANSWERS_WITHIN_MS, new AbortController().signal, (limit) => answers(endpoint, limit));
      return [port];
    } catch {
      return [];
    }
  });
  return (await Promise.all(asked)).flat();
}

/** Who has the ports, as far as Docker's list of containers tells. @param own the engine that was to have them */
export async function holder(
  vpn: ContainerDetails,
  ports: readonly Port[],
  own: string | null,
  docker: DockerHost,
): Promise<string | null> {
  // Everything on that host shares it.
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

/** One of ours, or of another Portward's: its labels say which ports it has. */
function isEngine({ labels }: ListedContainer): boolean {
  return labels[label.httpPort] !== undefined;
}

function engineHas({ labels }: ListedContainer, ports: readonly Port[]): boolean {
  return [label.httpPort, label.httpsPort, label.p2pPort].some((name) => ports.includes(Number(labels[name])));
}

/** What a replacement makes of it is in `failureOf`. @param started see `PortsTaken` */
export function portsTaken(message: string, taken: TakenPorts, started: boolean): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: PORTS_TAKEN,
    nonRetryable: true,
    details: [{ taken, started } satisfies PortsTaken],
  });
}

/** Returns when nothing listens there any more, the VPN is not there to be asked, or time is up. */
export async function untilFree(
  { vpn, ports, withinMs }: { readonly vpn: string; readonly ports: readonly Port[]; readonly withinMs: number },
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!signal.aborted && performance.now() < deadline) {
    const details = await deps.docker.inspectByName(vpn);
    if (!details?.State.Running || (await listening(details, ports, deps)).length === 0) return;
    await pauseUntil(LOOK_EVERY_MS, signal);
  }
}
