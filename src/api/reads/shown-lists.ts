import type { Port } from '../../domain/engine';
import type { Growth } from '../../gateways/history-growth';
import type { HiddenEngine } from '../../domain/vpn/listing';
import type { VpnLists } from '../../gateways/vpn-source';

/** The port of one observation that a workflow has been given: two with the same port are two. */
export interface PortSeen {
  readonly port: Port;
}

/**
 * The lists that a VPN's workflow has answered with, without a forwarded engine that is evicted since, as its history alone tells: there is no time for
 * the next question.
 * - The workflow hides the old engines of a replacement in the same task in which it begins that, and for good (I1).
 * - It will do so with the forwarded engine in the task that is due when it has been given an observation with another port, if it has said so
 *   (`replacesOnMove`). What it then really has done, the next list says.
 * - A plain engine waits for the next list: another one may have become ready in the same task, and without either the list could be empty.
 */
export class ShownLists {
  shown: VpnLists | null;
  private readonly evicted = new Map<string, HiddenEngine>();
  private portSeen: PortSeen | null = null;

  /** @param last answer; null: there was none */
  constructor(private last: VpnLists | null) {
    this.shown = last;
  }

  get answered(): VpnLists | null {
    return this.last;
  }

  /** Engines are hidden that the last answer has. */
  get isAhead(): boolean {
    return this.shown !== this.last;
  }

  /** The last one that no answer is known to show. */
  get unanswered(): PortSeen | null {
    return this.portSeen;
  }

  /** @param shows what was `unanswered` when the workflow had taken in all that is in its history, and then was asked */
  answer(lists: VpnLists, shows: PortSeen | null): void {
    this.last = lists;
    if (this.portSeen === shows) this.portSeen = null;
    // What is not in one list any more is in none that comes later.
    const ids = new Set(lists.engines.engines.map((e) => e.id));
    for (const id of this.evicted.keys()) if (!ids.has(id)) this.evicted.delete(id);
    this.show();
  }

  grown({ begun, ended }: Pick<Growth, 'begun' | 'ended'>): void {
    for (const engine of begun.flatMap(evictedBy)) this.evicted.set(engine.id, engine);
    this.portSeen = ended.flatMap(portSeenBy).at(-1) ?? this.portSeen;
    this.show();
  }

  private show(): void {
    if (this.last === null) return;
    const { engines, hidden, version, ...more } = this.last.engines;
    const gone = engines.filter((e) => e.forwarded && (this.evicted.has(e.id) || this.isLeft(e)));
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

  /** Whether the port of the VPN is another one than that engine's. */
  private isLeft({ p2pPort }: VpnLists['engines']['engines'][number]): boolean {
    const { last, portSeen } = this;
    return portSeen !== null && last?.engines.replacesOnMove === true && p2pPort !== portSeen.port;
  }
}

function evictedBy({ type, input }: Growth['begun'][number]): HiddenEngine[] {
  if (type !== 'replaceEngine' || typeof input !== 'object' || input === null || !('old' in input)) return [];
  return Array.isArray(input.old) ? input.old.filter(isEngine) : [];
}

function isEngine(value: unknown): value is HiddenEngine {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, httpPort } = value as Partial<Record<keyof HiddenEngine, unknown>>;
  return typeof id === 'string' && typeof name === 'string' && typeof httpPort === 'number';
}

function portSeenBy({ type, result }: Growth['ended'][number]): PortSeen[] {
  if (type !== 'observe' || typeof result !== 'object' || result === null || !('port' in result)) return [];
  const { port: reading } = result;
  if (typeof reading !== 'object' || reading === null || !('kind' in reading) || !('port' in reading)) return [];
  const { kind, port } = reading;
  return kind === 'known' && typeof port === 'number' ? [{ port }] : [];
}
