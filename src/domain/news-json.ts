import type { NewsItem } from './news';

/** What happened as people and programs outside are told of it: on the stream of events and by the webhook alike. */
export interface NewsJson {
  readonly event: NewsItem['happening']['kind'];
  /** RFC 3339, in UTC. */
  readonly time: string;
  readonly vpn: string;
  readonly [detail: string]: unknown;
}

export function newsJson(vpn: string, { at, happening }: NewsItem): NewsJson {
  const said = { event: happening.kind, time: new Date(at).toISOString(), vpn };
  switch (happening.kind) {
    case 'port_changed':
      return { ...said, from: happening.from, to: happening.to };
    case 'port_lost':
      return { ...said, port: happening.port };
    case 'port_restored':
      return { ...said, port: happening.port, lost_for_seconds: happening.lostForMs / 1000 };
    case 'vpn_health':
      return { ...said, healthy: happening.healthy };
    default:
      return {
        ...said,
        container_id: happening.engine,
        container_name: happening.name,
        p2p_port: happening.p2pPort,
        cause: happening.cause,
      };
  }
}

/** Names one thing that happened for good; numbers count within a lineage. */
export function newsId(lineage: string, number: number): string {
  return `${lineage}.${number}`;
}
