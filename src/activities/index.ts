import { Context } from '@temporalio/activity';
import type { EngineRef, Port } from '../domain/engine';
import type { Observation } from '../domain/vpn/observation';
import { awaitEngine, type AnsweringEngine, type AwaitedEngine } from './engine/await-engine';
import type { ActivityDeps } from './deps';
import { createEngine, type MadeEngine } from './engine/create-engine';
import { forbidRestarts, releaseEngine, type Evicted, type EvictionOrder } from './engine/evict-engines';
import { listPropagated } from './engine/list-propagation';
import { newMemory, type VpnMemory } from './observe/vpn-memory';
import { PendingPortChanges } from './port/pending-port-changes';
import { pullImage } from './engine/pull-image';
import { portsReleased, type AwaitedRelease } from './engine/port-release';
import { removeEngine } from './engine/remove-engine';
import { Observer, type ObserveInput } from './observe/observe';
import { HostWatch } from './docker/host-watch';
import { Notifications, type EventBatch } from './notify';
import { restartContainer, restartVpnInside, type ContainerRestart, type VpnRestart } from './vpn/restart-vpn';
import type { EngineOrder } from './engine/spec';
import { untilFree } from './docker/taken-ports';
import { Turns } from './engine/turns';
import { endWhenStopping } from './worker-stopping';

export type { AwaitedEngine } from './engine/await-engine';

export type Activities = ReturnType<typeof createActivities>;

const HEARTBEAT_EVERY_MS = 1_000;
/**
 * Docker that is told to start a hundred containers at once starts none of them in time. It then also misses health
 * checks, and because of those more engines would be started elsewhere. Forwarded engines come first.
 */
const STARTS_AT_ONCE = [
  ['forwarded', 6],
  ['plain', 4],
] as const;
/**
 * How long an eviction waits for the VPN's workflow to answer. In a longer outage the replacement repeats the
 * activity.
 */
const ANSWERED_WITHIN_MS = 7_000;
/**
 * How long a replacement waits for ports that another program has. After that its next attempt finds out who has
 * them.
 */
const FREE_WITHIN_MS = 5 * 60_000;

/**
 * Sends a heartbeat every second while the work goes on, so that cancellation reaches it. Work that is done sooner
 * sends none, since Temporal writes each heartbeat to its database.
 */
async function heartbeating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    return await Promise.race([work(context.cancellationSignal), context.cancelled]);
  } finally {
    clearInterval(timer);
  }
}

function hasNewPort(observation: Observation, { lastReported }: ObserveInput): boolean {
  if (observation.kind !== 'snapshot' || observation.port.kind !== 'known' || lastReported?.kind !== 'snapshot')
    return false;
  return lastReported.port.kind !== 'known' || lastReported.port.port !== observation.port.port;
}

/** Everything that workflows do to the world. */
export function createActivities(deps: ActivityDeps) {
  const { docker } = deps;
  const memories = new Map<string, VpnMemory>();
  const starts = new Turns(STARTS_AT_ONCE);
  const pendingPortChanges = new PendingPortChanges();
  const notifications = new Notifications(deps.webhook, deps.log);
  let host: HostWatch | null = null;

  function hostWatch(): HostWatch {
    const { events, containerLabel, checkIntervalMs: intervalMs, stopping, log } = deps;
    return (host ??= new HostWatch({ docker, events, containerLabel, intervalMs, stopping, log }));
  }

  function memoryOf(vpn: string): VpnMemory {
    const memory = memories.get(vpn) ?? newMemory(vpn, deps);
    memories.set(vpn, memory);
    return memory;
  }

  return {
    /** Returns as soon as anything differs from what was last reported, or after 10 minutes. */
    async observe(input: ObserveInput): Promise<Observation> {
      const context = Context.current();
      pendingPortChanges.takenUp(input.vpn);
      const observer = new Observer(input, { ...deps, host: hostWatch() }, memoryOf(input.vpn), context);
      const observation = await observer.run(context);
      if (hasNewPort(observation, input)) pendingPortChanges.reported(input.vpn);
      return observation;
    },

    /**
     * Keeps Docker from restarting the engines. Then waits until all processes that follow the VPN's list have the
     * present one, and `propagationMs` longer.
     */
    evictEngines({ vpn, engines, propagationMs }: EvictionOrder): Promise<Evicted> {
      return heartbeating(async (cancelled) => {
        const refused = await forbidRestarts(docker, engines);
        if (propagationMs === 0) return { refused, propagated: true };
        await pendingPortChanges.allTakenUp(cancelled);
        const within = { ms: propagationMs, withinMs: propagationMs + ANSWERED_WITHIN_MS };
        // No query is answered without a worker, so a stopping worker does not wait for the answer.
        const propagated = await endWhenStopping(deps.stopping, cancelled, (signal) =>
          listPropagated(deps.listQuestion(vpn), within, signal),
        );
        return { refused, propagated };
      });
    },

    async releaseEngine(order: { engine: EngineRef; timeoutS: number }): Promise<void> {
      await heartbeating(() => releaseEngine(order, deps));
    },

    async removeEngine({ idOrName }: { idOrName: string }): Promise<void> {
      await heartbeating(() => removeEngine(idOrName, deps));
    },

    /**
     * Resolves with true once none of the containers holds a port in the VPN's network, and with false after 5
     * minutes.
     */
    awaitReleased(release: AwaitedRelease): Promise<boolean> {
      return heartbeating((signal) => portsReleased(release, deps, signal));
    },

    /** Creates and starts the engine's container. A container that an earlier attempt created is used as it is. */
    createEngine(order: EngineOrder): Promise<MadeEngine> {
      const create = async () => {
        const began = performance.now();
        const made = await createEngine(order, deps);
        // A later attempt may find the container running; then Docker sends no event.
        if (Context.current().info.attempt === 1) deps.events.expectSince(began);
        return made;
      };
      return heartbeating(async (signal) => {
        await pendingPortChanges.allTakenUp(signal);
        return starts.run(order.target.role, signal, create);
      });
    },

    /** Returns when the engine's API has answered. */
    awaitEngine(input: AwaitedEngine): Promise<AnsweringEngine> {
      return heartbeating((signal) => awaitEngine(input, deps, signal));
    },

    /**
     * Waits until nothing listens on the ports in the VPN's network, for 5 minutes at most. Returns at once where
     * that can't be found out.
     */
    async awaitPortsFree({ vpn, ports }: { vpn: string; ports: readonly Port[] }): Promise<void> {
      await heartbeating((signal) => untilFree({ vpn, ports, withinMs: FREE_WITHIN_MS }, deps, signal));
    },

    /** Restarts the VPN's container. Resolves with false if that is no longer needed. */
    restartVpn(order: ContainerRestart): Promise<boolean> {
      return heartbeating((signal) => restartContainer(order, deps, signal));
    },

    /**
     * Restarts the VPN inside its container, whose network and engines stay. Resolves with false if that is no longer
     * needed.
     */
    reconnectVpn(order: VpnRestart): Promise<boolean> {
      return heartbeating(() => restartVpnInside(order, deps));
    },

    /** Resolves once the receiver has acknowledged the batch. */
    async notify(batch: EventBatch): Promise<void> {
      await heartbeating((signal) => notifications.send(batch, signal));
    },

    async pullImage({ image }: { image: string }): Promise<void> {
      const context = Context.current();
      await heartbeating((signal) => pullImage(image, deps, { signal, onLine: (line) => context.heartbeat(line) }));
    },
  };
}
