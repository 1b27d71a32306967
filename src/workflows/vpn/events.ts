import type { Engine, EngineRef, Instant, Port } from '../../domain/engine';
import type { PublicEvent } from '../../domain/event-log';
import type { Cause, Replacement, Target } from '../../domain/replacement';
import type { BreakerKey } from '../../domain/vpn/breaker';
import type { Remedy, RemedyFailure } from './decide/remedies';

/**
 * The events of a VPN. Each is emitted once, by the change of the state that it is about, after that change. Log lines, metrics and
 * published events are made from these.
 */
export type VpnEvent =
  /** Within one session. @property readAt when the new port was read; null: not known */
  | { readonly kind: 'port changed'; readonly from: Port; readonly to: Port; readonly readAt: Instant | null }
  | { readonly kind: 'port lost'; readonly port: Port }
  /** @property from the port that was lost */
  | { readonly kind: 'port restored'; readonly from: Port; readonly port: Port; readonly lostForMs: number }
  /** The port could not be read for some time, and was not lost. */
  | { readonly kind: 'port readable again'; readonly port: Port; readonly unreadableForMs: number }
  | { readonly kind: 'VPN health'; readonly healthy: boolean }
  /** @property afterOutage Docker had called the VPN unhealthy; false: only its public address has changed */
  | { readonly kind: 'VPN reconnected'; readonly afterOutage: boolean }
  | {
      readonly kind: 'engine evicted' | 'engine made' | 'engine stopped';
      readonly engine: Pick<EngineRef, 'id' | 'name' | 'p2pPort'>;
      readonly cause: Cause;
    }
  | { readonly kind: 'engine ready'; readonly engine: Engine; readonly replacement: Replacement }
  | { readonly kind: 'replacement begun'; readonly replacement: Replacement }
  | { readonly kind: 'replacement retargeted'; readonly replacement: Replacement; readonly target: Target }
  /** Its engine is not wanted any more, and had not answered yet. */
  | { readonly kind: 'engine given up'; readonly replacement: Replacement }
  | { readonly kind: 'attempts failed'; readonly cause: Cause; readonly count: number }
  | { readonly kind: 'replacement completed' | 'replacement lost'; readonly replacement: Replacement }
  /** Opened, or opened again after a failed trial. */
  | { readonly kind: 'breaker opened'; readonly key: BreakerKey; readonly failures: number }
  | { readonly kind: 'remedy begun'; readonly remedy: Remedy }
  /** @property failure null: the remedy was carried out or, where `needed` is false, was not needed any more */
  | {
      readonly kind: 'remedy ended';
      readonly remedy: Remedy;
      readonly failure: RemedyFailure | null;
      readonly needed: boolean;
    };

/** The event in the form in which it is published; null: it is not published. */
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
