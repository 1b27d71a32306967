import type { Engine, EngineRef, Instant, Port } from '../../domain/engine';
import type { PublicEvent } from '../../domain/event-log';
import type { Cause, Replacement, Target } from '../../domain/replacement';
import type { BreakerKey } from '../../domain/vpn/breaker';
import type { Remedy, RemedyFailure } from './decide/remedies';

/**
 * What happens to a VPN. Each event is emitted once, by the transition that brings it about, and after the state says it.
 * Log lines, metrics and what is told outside are made from events.
 */
export type VpnEvent =
  /** In one run of the VPN's container. @property readAt when the new port was read; null: that is not known */
  | { readonly kind: 'port changed'; readonly from: Port; readonly to: Port; readonly readAt: Instant | null }
  | { readonly kind: 'port lost'; readonly port: Port }
  /** @property from the port that was lost */
  | { readonly kind: 'port restored'; readonly from: Port; readonly port: Port; readonly lostForMs: number }
  /** It could not be read for some time, and was not lost. */
  | { readonly kind: 'port readable again'; readonly port: Port; readonly unreadableForMs: number }
  | { readonly kind: 'VPN health'; readonly healthy: boolean }
  /** @property afterOutage Docker had called the VPN unhealthy; otherwise only its address tells */
  | { readonly kind: 'VPN reconnected'; readonly afterOutage: boolean }
  | {
      readonly kind: 'engine evicted' | 'engine made' | 'engine stopped';
      readonly engine: Pick<EngineRef, 'id' | 'name' | 'p2pPort'>;
      readonly cause: Cause;
    }
  | { readonly kind: 'engine ready'; readonly engine: Engine; readonly replacement: Replacement }
  | { readonly kind: 'replacement begun'; readonly replacement: Replacement }
  | { readonly kind: 'replacement retargeted'; readonly replacement: Replacement; readonly target: Target }
  /** Its engine is not wanted any more, before it answers. */
  | { readonly kind: 'engine given up'; readonly replacement: Replacement }
  | { readonly kind: 'attempts failed'; readonly cause: Cause; readonly count: number }
  | { readonly kind: 'replacement completed' | 'replacement lost'; readonly replacement: Replacement }
  /** Or opened again, by a trial that failed. */
  | { readonly kind: 'breaker opened'; readonly key: BreakerKey; readonly failures: number }
  | { readonly kind: 'remedy begun'; readonly remedy: Remedy }
  /** @property failure null: it was carried out, or (`needed` is false) was not needed any more */
  | {
      readonly kind: 'remedy ended';
      readonly remedy: Remedy;
      readonly failure: RemedyFailure | null;
      readonly needed: boolean;
    };

/** What is told of it outside; null: nothing. */
export function publicEventOf(event: VpnEvent): PublicEvent | null {
  switch (event.kind) {
    case 'port changed':
      return { kind: 'port_changed', from: event.from, to: event.to };
    case 'port lost':
      return { kind: 'port_lost', port: event.port };
    case 'port restored':
      return { kind: 'port_restored', port: event.port, lostForMs: event.lostForMs };
    case 'VPN health':
      return { kind: 'vpn_health', healthy: event.healthy };
    case 'engine evicted':
      return ofEngine('engine_evicted', event.engine, event.cause);
    case 'engine made':
      return ofEngine('engine_provisioned', event.engine, event.cause);
    case 'engine ready':
      return ofEngine('engine_ready', event.engine, event.replacement.cause);
    case 'engine stopped':
      return ofEngine('engine_stopped', event.engine, event.cause);
    default:
      return null;
  }
}

function ofEngine(
  kind: 'engine_evicted' | 'engine_provisioned' | 'engine_ready' | 'engine_stopped',
  { id, name, p2pPort }: Pick<EngineRef, 'id' | 'name' | 'p2pPort'>,
  cause: Cause,
): PublicEvent {
  return { kind, engine: id, name, p2pPort, cause };
}
