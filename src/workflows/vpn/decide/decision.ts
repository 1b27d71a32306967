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
      /** More of why, in words. */
      readonly reason?: string | null;
      /** Evicted and removed. */
      readonly old: readonly EngineRef[];
      /** Brought up; null: only released. */
      readonly bringUp: { readonly role: 'forwarded'; readonly p2pPort: Port } | { readonly role: 'plain' } | null;
    }
  /** To another forwarded port, or, where that is the same (null: a plain engine), to other ports of its own. */
  | { readonly kind: 'retarget'; readonly number: number; readonly p2pPort: Port | null }
  /** The circuit breaker keeps it from trying again until then; null: it may. */
  | { readonly kind: 'hold'; readonly number: number; readonly until: Instant | null }
  | { readonly kind: 'remedy'; readonly remedy: Omit<Remedy, 'startedAt'> };

/** What one decision is made from, and what it has come to so far. */
export class Decision {
  readonly actions: Action[] = [];
  readonly healthy: boolean;
  readonly provisioningPossible: boolean;
  /** Read just now; null while it is not known. */
  readonly port: Port | null;
  readonly unfinished: readonly Replacement[];
  readonly alive: readonly Engine[];
  /** Engines that can't stay, and why; taken out when they are dealt with. */
  readonly failed = new Map<Engine, Cause>();
  private readonly wakes: Instant[] = [];
  /** How many engines were let through, by breaker. */
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

  /** How the engine's process has ended, where that is why it can't stay. */
  reasonOf(engine: Engine): string | null {
    const exit = this.snapshot.engines.find((e) => e.id === engine.id)?.exit;
    return this.failed.get(engine) === 'engine died' && exit ? exitInWords(exit) : null;
  }

  /** Decide again then, even if nothing is seen to change. */
  wake(at: Instant): void {
    if (at > this.now) this.wakes.push(at);
  }

  get wakeAt(): Instant | null {
    return this.wakes.length > 0 ? Math.min(...this.wakes) : null;
  }

  /** Whether the circuit breaker lets another engine be brought up; one that it lets is counted. */
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

/** Why the engine can't stay, or null. */
function failure(engine: Engine, seen: EngineCondition | undefined, snapshot: Snapshot): Cause | null {
  if (seen === undefined) return 'engine missing';
  const { vpn } = snapshot;
  if (vpn.kind === 'present' && seen.networkOf !== vpn.id) return 'VPN re-created';
  if (engine.cutOff) return vpn.kind === 'absent' ? 'VPN removed' : 'VPN restarted';
  if (!seen.running) return 'engine died';
  return isHealthy(vpn) && seen.health === 'unhealthy' ? 'engine unhealthy' : null;
}
