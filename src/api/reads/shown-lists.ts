import type { Port } from '../../domain/engine';
import type { CompletedActivity, Growth, StartedChild } from '../../gateways/growth';
import type { HiddenEngine } from '../../domain/vpn/listing';
import type { VpnLists } from '../../gateways/vpn-source';

/** The port of one observation that the workflow was given. Compared by identity: each observation has an object of its own. */
export interface ObservedPort {
  readonly port: Port;
}

/**
 * The last lists that a VPN's workflow answered with, without the forwarded engine if the workflow's history shows that it was evicted
 * since. Reading the history hides the engine sooner than the next query could.
 * - The workflow starts a replacement in the task in which it evicts the old engines for good. So the history shows which engines are evicted.
 * - An observation with another port makes the workflow evict the forwarded engine in its next task, if the last answer announced that
 *   (`replacesOnMove`). The engine is hidden when the history has the observation. The next answer shows what the workflow really did.
 * - An evicted plain engine is shown until the next answer. Another engine may have become ready in the same task, which the history does
 *   not show, and without both the list could be empty.
 */
export class ShownLists {
  shown: VpnLists | null;
  private readonly evicted = new Map<string, HiddenEngine>();
  private observedPort: ObservedPort | null = null;

  /** @param last the workflow's last answer; null: there was none */
  constructor(private last: VpnLists | null) {
    this.shown = last;
  }

  get answered(): VpnLists | null {
    return this.last;
  }

  /** Whether an engine is hidden that is in the last answer. */
  get isAhead(): boolean {
    return this.shown !== this.last;
  }

  /** The last observed port, as long as no answer is known to include that observation. */
  get unansweredPort(): ObservedPort | null {
    return this.observedPort;
  }

  /** @param included the `unansweredPort` of the moment when the query was sent, if the history was settled then */
  answer(lists: VpnLists, included: ObservedPort | null): void {
    this.last = lists;
    if (this.observedPort === included) this.observedPort = null;
    // An evicted engine that is missing in one answer is missing in all later ones.
    const ids = new Set(lists.engines.engines.map((e) => e.id));
    for (const id of this.evicted.keys()) if (!ids.has(id)) this.evicted.delete(id);
    this.show();
  }

  grown({ startedChildren, completedActivities }: Pick<Growth, 'startedChildren' | 'completedActivities'>): void {
    for (const engine of startedChildren.flatMap(evictedBy)) this.evicted.set(engine.id, engine);
    this.observedPort = completedActivities.flatMap(portObservedBy).at(-1) ?? this.observedPort;
    this.show();
  }

  private show(): void {
    if (this.last === null) return;
    const { engines, hidden, version, ...more } = this.last.engines;
    const gone = engines.filter((e) => e.forwarded && (this.evicted.has(e.id) || this.hasOldPort(e)));
    if (gone.length === 0) {
      this.shown = this.last;
      return;
    }
    const rest = engines.filter((e) => !gone.includes(e));
    const stillKnown = gone.map(({ id, name, httpPort }) => ({ id, name, httpPort }));
    const own = `${version} without ${gone.map(({ id }) => id).join()}`;
    if (this.shown?.engines.version === own && this.shown.streams === this.last.streams) return;
    this.shown = {
      ...this.last,
      engines: { ...more, engines: rest, hidden: [...hidden, ...stillKnown], version: own },
    };
  }

  /** Whether the VPN has another port than the engine, and the workflow will therefore replace the engine. */
  private hasOldPort({ p2pPort }: VpnLists['engines']['engines'][number]): boolean {
    const { last, observedPort } = this;
    return observedPort !== null && last?.engines.replacesOnMove === true && p2pPort !== observedPort.port;
  }
}

function evictedBy({ type, input }: StartedChild): HiddenEngine[] {
  if (type !== 'replaceEngine' || typeof input !== 'object' || input === null || !('old' in input)) return [];
  return Array.isArray(input.old) ? input.old.filter(isEngine) : [];
}

function isEngine(value: unknown): value is HiddenEngine {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, httpPort } = value as Partial<Record<keyof HiddenEngine, unknown>>;
  return typeof id === 'string' && typeof name === 'string' && typeof httpPort === 'number';
}

function portObservedBy({ type, result }: CompletedActivity): ObservedPort[] {
  if (type !== 'observe' || typeof result !== 'object' || result === null || !('port' in result)) return [];
  const { port: reading } = result;
  if (typeof reading !== 'object' || reading === null || !('kind' in reading) || !('port' in reading)) return [];
  const { kind, port } = reading;
  return kind === 'known' && typeof port === 'number' ? [{ port }] : [];
}
