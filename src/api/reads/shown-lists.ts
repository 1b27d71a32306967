import type { HiddenEngine } from '../../workflows/messages';
import type { VpnLists } from '../vpn-source';

/** A child workflow, as a history tells of it. */
export interface Child {
  readonly type: string;
  readonly input: unknown;
}

/**
 * The lists that a VPN's workflow has answered with, without engines that it has evicted since. It hides the old engines of a replacement in
 * the same task in which it begins that, and for good (I1): so its history alone tells of it, before there is time for the next question.
 */
export class ShownLists {
  shown: VpnLists | null;
  private readonly evicted = new Map<string, HiddenEngine>();

  /** @param last answer; null: there was none */
  constructor(private last: VpnLists | null) {
    this.shown = last;
  }

  get answered(): VpnLists | null {
    return this.last;
  }

  set answered(lists: VpnLists) {
    this.last = lists;
    // What is not in one list any more is in none that comes later.
    const ids = new Set(lists.engines.engines.map((e) => e.id));
    for (const id of this.evicted.keys()) if (!ids.has(id)) this.evicted.delete(id);
    this.show();
  }

  /** @returns whether another list is to be shown */
  begun(child: Child): boolean {
    const before = this.shown;
    for (const engine of evictedBy(child)) this.evicted.set(engine.id, engine);
    this.show();
    return this.shown !== before;
  }

  private show(): void {
    if (this.last === null) return;
    const { engines, hidden, version, current } = this.last.engines;
    const gone = engines.flatMap(({ id }) => this.evicted.get(id) ?? []);
    if (gone.length === 0) {
      this.shown = this.last;
      return;
    }
    const rest = engines.filter(({ id }) => !this.evicted.has(id));
    const stillKnown = gone.map(({ id, name, httpPort }) => ({ id, name, httpPort }));
    const own = `${version} without ${gone.map(({ id }) => id).join()}`;
    if (this.shown?.engines.version === own && this.shown.streams === this.last.streams) return;
    this.shown = {
      ...this.last,
      engines: { engines: rest, hidden: [...hidden, ...stillKnown], current, version: own },
    };
  }
}

function evictedBy({ type, input }: Child): HiddenEngine[] {
  if (type !== 'replaceEngine' || typeof input !== 'object' || input === null || !('old' in input)) return [];
  return Array.isArray(input.old) ? input.old.filter(isEngine) : [];
}

function isEngine(value: unknown): value is HiddenEngine {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, httpPort } = value as Partial<Record<keyof HiddenEngine, unknown>>;
  return typeof id === 'string' && typeof name === 'string' && typeof httpPort === 'number';
}
