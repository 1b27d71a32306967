import { ApplicationFailure } from '@temporalio/common';
import type { ContainerId, Engine } from '../../domain/engine';
import { isMadeByUs, keptLabels } from '../../domain/labels';
import { label } from '../../domain/names';
import { PERMANENT_ERROR } from '../../domain/replacement';
import { isHealthy, session } from '../../domain/vpn/observation';
import { takenInWords } from '../../domain/vpn/taken-ports';
import { statusCode } from '../../clients/docker/docker-error';
import type { ContainerToCreate, DockerHost } from '../../clients/docker/docker-host';
import { open, type SealingKey } from '../../secrets/seal';
import type { ActivityDeps } from '../deps';
import { observeDocker } from '../docker/snapshot';
import { removeOrStop } from './remove-engine';
import { engineContainer, type EngineOrder } from './spec';
import { holderInWords, portsInUse, portsTakenFailure } from '../docker/taken-ports';
import { messageOf } from '../../lib/errors';

export interface MadeEngine {
  readonly engine: Engine;
  /** The session in whose network the engine was created. */
  readonly session: string;
}

/** Creates and starts the engine's container. A container that an earlier attempt created is used as it is. */
export async function createEngine(
  order: EngineOrder,
  deps: Pick<ActivityDeps, 'docker' | 'reach' | 'variant' | 'sealingKey' | 'containerLabel'>,
): Promise<MadeEngine> {
  const { docker } = deps;
  const vpn = await docker.inspectByName(order.vpn);
  const inSession = vpn && session(observeDocker(vpn));
  if (!vpn || inSession === null || !isHealthy(observeDocker(vpn))) {
    throw ApplicationFailure.create({
      message: `VPN container '${order.vpn}' is not ${vpn ? 'healthy' : 'there'}, so no engine can start in its network`,
      type: 'VpnNotHealthy',
    });
  }
  const callerEnv = await opened(order.target.callerOptions?.sealedEnv ?? null, deps.sealingKey);
  const wanted = engineContainer(order, deps.variant, callerEnv, deps.containerLabel, vpn.Id);
  const ours = { instance: order.instance, containerLabel: deps.containerLabel };
  const { role, httpPort, httpsPort, p2pPort } = order.target;
  const ports = [httpPort, httpsPort, p2pPort].filter((port) => port !== null);
  const [made, listened] = await Promise.all([createOrAdopt(docker, wanted, ours), portsInUse(vpn, ports, deps)]);
  const { id } = made;
  // An engine that an earlier attempt started listens itself. A container that was removed above to make room for
  // this one may have listened until then.
  const taken = made.started || listened.length === 0 ? [] : await portsInUse(vpn, listened, deps);
  if (taken.length > 0) {
    await removeOrStop(docker, id);
    const found = { ports: taken, by: await holderInWords(vpn, taken, id, docker) };
    throw portsTakenFailure(takenInWords(found, order.vpn), found, false);
  }
  await start(docker, id);
  const { name } = wanted;
  const labels = keptLabels(wanted.labels, order.target, order.vpn, deps.containerLabel);
  const begun = {
    firstSeen: Date.now(),
    ready: false,
    health: 'unknown',
    run: null,
    lastUsedAt: null,
    cutOff: false,
  } as const;
  const engine = { id, name, role, httpPort, httpsPort, p2pPort, labels, ...begun };
  return { engine, session: inSession };
}

/** Decrypts the caller's environment variables, which only this process may read. */
async function opened(sealed: string | null, key: () => Promise<SealingKey>): Promise<Record<string, string>> {
  if (sealed === null) return {};
  try {
    return open(sealed, await key());
  } catch (error) {
    throw ApplicationFailure.nonRetryable(messageOf(error), PERMANENT_ERROR);
  }
}

/**
 * Starts the container, and removes it when Docker refuses. Docker may refuse it for ever: containerd has kept a task
 * of it that a killed dockerd has lost, or the container is half removed. The next attempt then creates another one.
 */
async function start(docker: DockerHost, id: ContainerId): Promise<void> {
  try {
    await docker.start(id);
  } catch (error) {
    if ([409, 500].includes(statusCode(error) ?? 0)) await removeOrStop(docker, id);
    throw error;
  }
}

async function createOrAdopt(
  docker: DockerHost,
  wanted: ContainerToCreate,
  ours: Parameters<typeof isMadeByUs>[2],
): Promise<{ readonly id: ContainerId; readonly started: boolean }> {
  try {
    return { id: await docker.create(wanted), started: false };
  } catch (error) {
    if (statusCode(error) === 404) {
      // A permanent error: somebody has to act. The replacement goes on trying slowly.
      throw ApplicationFailure.nonRetryable(
        `image ${wanted.image} is not on the Docker host: pull it, or set PULL_POLICY=missing`,
        PERMANENT_ERROR,
      );
    }
    if (statusCode(error) !== 409) throw error;
  }
  const made = await docker.inspectByName(wanted.name);
  if (made && !isMadeByUs(wanted.name, made.Config.Labels, ours)) {
    throw ApplicationFailure.nonRetryable(
      `the name ${wanted.name} is taken by a container that is not ours: remove or rename that one`,
      PERMANENT_ERROR,
    );
  }
  const isLeaving = made !== null && (made.State.Dead || made.State.Status === 'removing');
  if (made && !isLeaving && made.Config.Labels[label.spec] === wanted.labels[label.spec]) {
    return { id: made.Id, started: made.State.Status !== 'created' };
  }
  if (made) await removeOrStop(docker, made.Id);
  return { id: await docker.create(wanted), started: false };
}
