import type { ShownEvent } from '../../src/api/page/state';
import type { Tone } from './summary';
import { duration } from './format';

// Events in words, and the filter for them.

export const kinds = {
  port: ['port_changed', 'port_lost', 'port_restored'],
  engine: ['engine_evicted', 'engine_provisioned', 'engine_ready', 'engine_stopped'],
  health: ['vpn_health'],
} as const;
export type Kind = keyof typeof kinds;

export interface EventFilter {
  /** Null: all VPNs. */
  readonly vpn: string | null;
  /** Null: all kinds. */
  readonly kind: Kind | null;
  readonly text: string;
}

export const noFilter: EventFilter = { vpn: null, kind: null, text: '' };

const KEPT_AT_MOST = 1_000;

/** Adds events, without those that are known already. Newest first. */
export function withEvents(known: readonly ShownEvent[], more: readonly ShownEvent[]): readonly ShownEvent[] {
  const ids = new Set(known.map(({ id }) => id));
  const fresh = more.filter(({ id }) => !ids.has(id));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].toSorted((a, b) => b.time.localeCompare(a.time)).slice(0, KEPT_AT_MOST);
}

export function matches(item: ShownEvent, { vpn, kind, text }: EventFilter): boolean {
  if (vpn !== null && item.vpn !== vpn) return false;
  if (kind !== null && !kinds[kind].some((event) => event === item.event)) return false;
  const wanted = text.trim().toLowerCase();
  return wanted === '' || `${item.vpn} ${sentence(item)}`.toLowerCase().includes(wanted);
}

export function sentence(item: ShownEvent): string {
  const field = (name: string) => {
    const value = item[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const port = field('p2p_port') === '' ? '' : ` on port ${field('p2p_port')}`;
  const engine = `${field('container_name')}${port}`;
  switch (item.event) {
    case 'port_changed':
      return `Forwarded port changed from ${field('from')} to ${field('to')}`;
    case 'port_lost':
      return `Forwarded port ${field('port')} lost`;
    case 'port_restored':
      return `Forwarded port ${field('port')} is back after ${duration(Number(item['lost_for_seconds']) * 1_000)}`;
    case 'vpn_health':
      return item['healthy'] === true ? 'VPN is healthy' : 'VPN is not healthy';
    case 'engine_evicted':
      return `Engine ${engine} hidden: ${field('cause')}`;
    case 'engine_provisioned':
      return `Engine ${engine} started: ${field('cause')}`;
    case 'engine_ready':
      return `Engine ${engine} answers and is listed`;
    case 'engine_stopped':
      return `Engine ${engine} stopped and removed`;
  }
}

export function tone({ event, healthy }: ShownEvent): Tone {
  if (event === 'port_lost' || (event === 'vpn_health' && healthy !== true)) return 'bad';
  if (event === 'port_changed' || event === 'engine_evicted') return 'busy';
  return event === 'engine_ready' || event === 'port_restored' || event === 'vpn_health' ? 'ok' : 'unknown';
}
