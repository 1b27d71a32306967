import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/activities';
import { batchId, type EventBatch } from '../../src/activities/notify';
import type { Evicted } from '../../src/activities/engine/evict-engines';
import { MadeEngines } from '../../src/activities/docker/made-engines';
import type { ObserveInput } from '../../src/activities/observe/observe';
import { workerStopping } from '../../src/activities/worker-stopping';
import type { Engine, EngineRef } from '../../src/domain/engine';
import { engineName, label } from '../../src/domain/names';
import {
  condition,
  session,
  type ObservedEngine,
  type Observation,
  type PortReading,
  type VpnObservation,
} from '../../src/domain/vpn/observation';
import { introduced, hasChanged, type LastReported } from '../../src/domain/vpn/reported';
import { REFUSED_BY_DOCKER, type Target } from '../../src/domain/replacement';
import { PORTS_TAKEN, type PortsTaken, type TakenPorts } from '../../src/domain/vpn/taken-ports';
import { presentVpn } from '../builders';

/** Not less: each question costs CPU time, and dozens of VPNs run side by side. */
const LOOK_EVERY_MS = 50;

/** The real one takes minutes. */
const RELEASED_WITHIN_MS = 200;

/** The activities of one VPN, with Docker and Gluetun in memory. */
export class MemoryHost {
  port: PortReading = { kind: 'known', port: 40_000 };
  vpn: VpnObservation = presentVpn({ id: 'vpn-1', startedAt: 1_000 });
  readonly engines = new Map<string, ObservedEngine>();
  readonly calls: string[] = [];
  /** The targets that engines were made for, oldest first. */
  readonly targets: Target[] = [];
  /** What NOTIFY_URL has received. */
  readonly notified: EventBatch[] = [];
  /** Thrown by the named activity while it is set. */
  failing: { activity: keyof Activities; message: string; type?: string; nonRetryable?: boolean } | null = null;
  /** What Docker refuses, for any container. */
  readonly refused = new Set<'evict' | 'stop' | 'remove'>();
  /** Taken ports in the VPN's network. */
  taken: TakenPorts | null = null;
  /** An observe without a change returns after this, as the real one does after 10 minutes. */
  watchedAtMostMs = 60_000;
  /** List propagation: every API gets the list; nobody does yet; or the wait for it was given up. */
  hearing: 'all' | 'nobody' | 'no API' = 'all';
  /** The engines' image is on the Docker host. */
  imagePresent = true;
  /** New engines answer only while this is true. */
  engineAnswers = true;
  /** What the workflow gave as last reported when it asked last. */
  lastReported: LastReported | null = null;
  private made = 0;

  activities(): Activities {
    const act = async <T>(name: keyof Activities, detail: string, work: () => T): Promise<T> => {
      this.calls.push(`${name} ${detail}`);
      if (this.failing?.activity === name) throw ApplicationFailure.create(this.failing);
      return work();
    };
    return {
      observe: (input) => this.observe(input),
      evictEngines: async ({ engines, propagationMs }) => {
        const refused = await act('evictEngines', engines.map((e) => e.name).join(), () => this.evict(engines));
        for (let since = Date.now(); this.hearing === 'nobody' || Date.now() - since < propagationMs; await pause()) {
          Context.current().heartbeat();
          if (this.hearing === 'nobody') since = Date.now();
          if (this.hearing === 'no API') return { refused, propagated: false };
        }
        return { refused, propagated: true };
      },
      releaseEngine: ({ engine }) =>
        act('releaseEngine', engine.name, () => {
          if (!this.refused.has('stop')) this.end(engine.id);
          this.remove(engine.id);
        }),
      removeEngine: ({ idOrName }) => {
        const engine = [...this.engines.values()].find((e) => e.id === idOrName || e.name === idOrName);
        return act('removeEngine', engine?.name ?? idOrName, () => engine && this.remove(engine.id));
      },
      awaitReleased: async ({ holders }) => {
        const areFree = () => holders.every((id) => this.engines.get(id)?.running !== true);
        const deadline = Date.now() + RELEASED_WITHIN_MS;
        await this.wait(() => areFree() || Date.now() > deadline);
        return areFree();
      },
      createEngine: (order) =>
        act('createEngine', String(order.target.p2pPort), () => {
          this.refuseTaken(order.target);
          this.targets.push(order.target);
          const name = engineName(
            order.target.role,
            order.vpn,
            order.incarnation,
            order.number,
            order.target.generation,
          );
          const made = [...this.engines.values()].find((e) => e.name === name);
          const engine = made ? engineOf(made) : this.put(name, order);
          return { engine, session: session(this.vpn) ?? 'none' };
        }),
      awaitPortsFree: ({ ports }) => this.wait(() => !ports.some((port) => this.taken?.ports.includes(port))),
      awaitEngine: async ({ engine }) => {
        await act('awaitEngine', engine.name, () => undefined);
        await this.wait(() => this.engineAnswers);
        const observed = this.engines.get(engine.id);
        if (observed) this.engines.set(engine.id, { ...observed, health: 'healthy' });
        return { run: observed?.startedAt ?? null };
      },
      restartVpn: ({ session: ill }) =>
        act('restartVpn', ill, () => {
          if (session(this.vpn) !== ill) return false;
          this.vpn = presentVpn({ id: 'vpn-1', startedAt: Date.now() });
          this.restarted();
          return true;
        }),
      reconnectVpn: ({ session: ill, mayBeStopped }) =>
        act('reconnectVpn', `${ill}${mayBeStopped ? ', half done' : ''}`, () => {
          this.reconnected();
          return true;
        }),
      notify: (batch) =>
        act('notify', batchId(batch), () => {
          this.notified.push(batch);
        }),
      pullImage: ({ image }) => act('pullImage', image, () => void (this.imagePresent = true)),
    };
  }

  /** An engine from before the workflow. */
  addForwarded(p2pPort: number): void {
    const id = `c${++this.made}`.padEnd(64, '0');
    const networkOf = this.vpn.kind === 'present' ? this.vpn.id : '';
    this.engines.set(id, {
      ...{ id, name: `found_${this.made}`, role: 'forwarded', httpPort: 19_000, httpsPort: 45_000, p2pPort, networkOf },
      ...{ labels: {}, createdAt: Date.now(), evicted: false, running: true, startedAt: Date.now(), health: 'healthy' },
    });
  }

  /** Called at a restart of the VPN inside its container. */
  reconnected: () => void = () => {};
  /** Called at a restart of the VPN's container. */
  restarted: () => void = () => {};

  private evict(engines: readonly EngineRef[]): Evicted['refused'] {
    if (this.refused.has('evict')) return engines.map(({ name }) => ({ name, reason: 'dataset is busy' }));
    for (const { id } of engines) {
      const observed = this.engines.get(id);
      if (observed) this.engines.set(id, { ...observed, evicted: true });
    }
    return [];
  }

  private end(id: string): void {
    const observed = this.engines.get(id);
    if (observed) this.engines.set(id, { ...observed, running: false, startedAt: null });
  }

  private remove(id: string): void {
    if (!this.refused.has('remove')) {
      this.engines.delete(id);
      return;
    }
    // Like the real one, which stops an engine that it can't remove.
    if (!this.refused.has('stop')) this.end(id);
    const refusal = { message: 'dataset is busy', type: REFUSED_BY_DOCKER, nonRetryable: true, details: [id] };
    throw ApplicationFailure.create(refusal);
  }

  private refuseTaken({ p2pPort }: Target): void {
    if (p2pPort === null || !this.taken?.ports.includes(p2pPort)) return;
    const details: PortsTaken[] = [{ taken: this.taken, started: false }];
    throw ApplicationFailure.create({ message: 'the port is taken', type: PORTS_TAKEN, nonRetryable: true, details });
  }

  private put(name: string, order: Parameters<Activities['createEngine']>[0]): Engine {
    const { role, httpPort, httpsPort, p2pPort } = order.target;
    const labels = { [label.replacement]: `${order.incarnation}/${order.number}` };
    const networkOf = this.vpn.kind === 'present' ? this.vpn.id : '';
    const engine: ObservedEngine = {
      ...{ id: `c${++this.made}`.padEnd(64, '0'), name, role, httpPort, httpsPort, p2pPort, labels, networkOf },
      ...{ createdAt: Date.now(), evicted: false, running: true, startedAt: Date.now(), health: 'unknown' },
    };
    this.engines.set(engine.id, engine);
    return engineOf(engine);
  }

  private async observe({ lastReported, changesOnly, busy, accounted }: ObserveInput): Promise<Observation> {
    const began = Date.now();
    this.lastReported = lastReported;
    const made = new MadeEngines(busy);
    for (;;) {
      this.probe(busy);
      const snapshot: Observation = {
        kind: 'snapshot',
        at: Date.now(),
        vpn: this.vpn,
        liveEngines: null,
        port: this.port,
        engines: [...this.engines.values()].map(condition),
        ...introduced([...this.engines.values()], accounted, busy),
        imagePresent: this.imagePresent,
      };
      const isNow = made.follow(snapshot) || hasChanged(lastReported, snapshot, busy);
      if (!changesOnly || isNow || Date.now() - began >= this.watchedAtMostMs) return snapshot;
      Context.current().heartbeat({ checkedAt: Date.now() });
      await pause();
    }
  }

  /** Engines that answer become healthy, except for those that replacements are making, whose replacements report it. */
  private probe({ replacements }: ObserveInput['busy']): void {
    for (const engine of this.engines.values()) {
      const isMade = replacements.includes(engine.labels[label.replacement] ?? '');
      if (this.engineAnswers && !isMade && engine.health === 'unknown')
        this.engines.set(engine.id, { ...engine, health: 'healthy' });
    }
  }

  private async wait(holds: () => boolean): Promise<void> {
    while (!holds()) {
      Context.current().heartbeat();
      await pause();
    }
  }
}

/** Fails when the worker stops, as Portward's activities do, so that the next worker carries the activity out. */
async function pause(): Promise<void> {
  const context = Context.current();
  try {
    await context.sleep(LOOK_EVERY_MS);
  } catch (error) {
    throw context.cancellationDetails?.workerShutdown === true ? workerStopping() : error;
  }
}

function engineOf(e: ObservedEngine): Engine {
  const { id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt, health } = e;
  return {
    id,
    name,
    role,
    httpPort,
    httpsPort,
    p2pPort,
    labels,
    firstSeen: createdAt,
    ready: false,
    health,
    run: null,
    lastUsedAt: null,
    cutOff: false,
  };
}
