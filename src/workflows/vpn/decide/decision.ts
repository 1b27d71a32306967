import type { Engine, EngineRef, Instant, Port, Role } from '../../../domain/engine';
import { exitInWords } from '../../../domain/engine-exit';
import { isHealthy, type EngineCondition, type Snapshot } from '../../../domain/vpn/observation';
import type { Cause, Replacement } from '../../../domain/replacement';
import { breakerKey } from './breaker';
import { allowance, trialAt } from '../requests/provisioning-allowance';
import { lackOf } from '../requests/eligibility';
import type { Remedy } from './remedies';
import { unfinishedTargets, type VpnData } from '../data';

export type Action =
  | {
      readonly kind: 'replace';
      readonly cause: Cause;
      /** Details of the cause, in words. */
      readonly reason?: string | null;
      /** Engines to evict and remove. */
      readonly old: readonly EngineRef[];
      /** The engine to bring up; null: none. */
      readonly bringUp: { readonly role: 'forwarded'; readonly p2pPort: Port } | { readonly role: 'plain' } | null;
    }
  /**
   * Moves a pending engine to that forwarded port. If the engine is for that port already, or is plain (null), it gets other HTTP and
   * HTTPS ports.
   */
  | { readonly kind: 'retarget'; readonly number: number; readonly p2pPort: Port | null }
  /** Holds the replacement's next attempt back until then, because of the circuit breaker; null: not any more. */
  | { readonly kind: 'hold'; readonly number: number; readonly until: Instant | null }
  | { readonly kind: 'remedy'; readonly remedy: Omit<Remedy, 'startedAt'> };

/** What a decision is based on, and its actions so far. */
export class Decision {
  readonly actions: Action[] = [];
  readonly healthy: boolean;
  readonly provisioningPossible: boolean;
  /** The port of the snapshot; null while it is unknown. */
  readonly port: Port | null;
  readonly unfinished: readonly Replacement[];
  readonly alive: readonly Engine[];
  /** Engines that can't stay, and why. An engine is taken out when an action deals with it. */
  readonly failed = new Map<Engine, Cause>();
  private readonly wakes: Instant[] = [];
  /** How many engines this decision has begun, by circuit breaker. */
  private readonly begun = new Map<string, number>();

  constructor(
    readonly data: VpnData,
    readonly snapshot: Snapshot,
    readonly now: Instant,
  ) {
    this.healthy = isHealthy(snapshot.vpn);
    this.provisioningPossible = lackOf(snapshot) === null;
    this.port = snapshot.port.kind === 'known' ? snapshot.port.port : null;
    this.unfinished = unfinishedTargets(data);
    const seen = new Map(snapshot.engines.map((e) => [e.id, e]));
    for (const engine of data.engines) {
      const cause = failure(engine, seen.get(engine.id), snapshot);
      if (cause !== null) this.failed.set(engine, cause);
    }
    this.alive = data.engines.filter((e) => !this.failed.has(e));
  }

  act(action: Action): void {
    this.actions.push(action);
  }

  remove(cause: Cause, engine: EngineRef): void {
    this.act({ kind: 'replace', cause, old: [engine], bringUp: null });
  }

  /** How the engine's process ended, in words, where it can't stay for that; else null. */
  reasonOf(engine: Engine): string | null {
    const exit = this.snapshot.engines.find((e) => e.id === engine.id)?.exit;
    return this.failed.get(engine) === 'engine died' && exit ? exitInWords(exit) : null;
  }

  /** Decide again then, even if nothing changes. */
  wake(at: Instant): void {
    if (at > this.now) this.wakes.push(at);
  }

  get wakeAt(): Instant | null {
    return this.wakes.length > 0 ? Math.min(...this.wakes) : null;
  }

  /** Whether the circuit breaker allows another engine; if so, it is counted. */
  takeAllowance(cause: Cause, role: Role): boolean {
    const key = breakerKey(cause, role);
    const name = `${key.role} ${key.kind}`;
    const begun = this.begun.get(name) ?? 0;
    if (allowance(this.data, key, this.now) > begun) {
      this.begun.set(name, begun + 1);
      return true;
    }
    const trial = trialAt(this.data, key);
    if (trial !== null) this.wake(trial);
    return false;
  }
}

/** Why an engine can't stay; null: it can. */
function failure(engine: Engine, seen: EngineCondition | undefined, snapshot: Snapshot): Cause | null {
  if (seen === undefined) return 'engine missing';
  const { vpn } = snapshot;
  if (vpn.kind === 'present' && seen.networkOf !== vpn.id) return 'VPN re-created';
  if (engine.cutOff) return vpn.kind === 'absent' ? 'VPN removed' : 'VPN restarted';
  if (!seen.running) return 'engine died';
  return isHealthy(vpn) && seen.health === 'unhealthy' ? 'engine unhealthy' : null;
}
