import { engineRef, type Engine, type EngineRef, type Instant, type Port, type Role } from '../domain/engine';
import { isHealthy, lostItsNetwork, type ObservedEngine, type Sight } from '../domain/observation';
import type { Cause } from '../domain/replacement';
import { isOfLineage, replacementLabel, label } from '../domain/names';
import { portExpiry, runningReplacements, unfinishedTargets, validPort, type VpnData } from './vpn-data';

export type Action =
  | {
      readonly kind: 'replace';
      readonly cause: Cause;
      /** Evicted and removed. */
      readonly old: readonly EngineRef[];
      /** Brought up; null: only let go. */
      readonly bringUp: { readonly role: 'forwarded'; readonly p2pPort: Port } | { readonly role: 'plain' } | null;
    }
  /** A plain engine (`p2pPort` null) is moved to other ports of its own. */
  | { readonly kind: 'retarget'; readonly number: number; readonly p2pPort: Port | null };

export interface Plan {
  readonly actions: readonly Action[];
  /** When to decide again even if nothing is seen to change; null: not by time alone. */
  readonly wakeAt: Instant | null;
}

const FAILURE_MEMORY_MS = 10 * 60_000;
const FAILURE_SPACING_MS = 5_000;
const LONGEST_SPACING_MS = 5 * 60_000;

/**
 * When an engine that failed may be brought up again: the first time at once, then after 5 s, 10 s, 20 s and so on
 * up to 5 minutes, while failures keep coming.
 */
export function earliestAfterFailures(data: VpnData, role: Role, now: Instant): Instant {
  const failures: readonly Cause[] = ['engine died', 'engine unhealthy', 'engine missing'];
  const recent = data.replacements.filter(
    (r) => r.target?.role === role && failures.includes(r.cause) && r.startedAt > now - FAILURE_MEMORY_MS,
  );
  const latest = Math.max(0, ...recent.map((r) => r.startedAt));
  if (recent.length === 0) return 0;
  return latest + Math.min(LONGEST_SPACING_MS, FAILURE_SPACING_MS * 2 ** (recent.length - 1));
}

/** Why the engine can't stay, or null. */
function failure(observed: ObservedEngine | undefined, sight: Sight): Cause | null {
  if (observed === undefined) return 'engine missing';
  if (lostItsNetwork(observed, sight.vpn)) return 'VPN restarted';
  if (!observed.running) return 'engine died';
  return isHealthy(sight.vpn) && observed.health === 'unhealthy' ? 'engine unhealthy' : null;
}

/** Containers that this workflow's replacements made and that no longer serve any of them. */
function strays(data: VpnData, sight: Sight): ObservedEngine[] {
  const known = new Set([...data.engines, ...data.evicted].map((e) => e.id));
  const inWork = new Set(runningReplacements(data).map((r) => replacementLabel(data.lineage, r.number)));
  return sight.engines.filter(
    (e) => !known.has(e.id) && isOfLineage(e.labels, data.lineage) && !inWork.has(e.labels[label.replacement] ?? ''),
  );
}

/** Evicted engines that are still there and that no replacement is letting go of: theirs was terminated, or is of a former life. */
function forsaken(data: VpnData, sight: Sight): EngineRef[] {
  const there = new Set(sight.engines.map((e) => e.id));
  const inWork = new Set(runningReplacements(data).flatMap((r) => r.old.map((e) => e.id)));
  return data.evicted.filter((e) => there.has(e.id) && !inWork.has(e.id));
}

/**
 * Compares what is with what should be. Looks at the whole state each time and remembers nothing, so that a change
 * which happened while everything was down is healed like any other.
 */
export function decide(data: VpnData, now: Instant): Plan {
  const sight = data.sight;
  // A look from before the latest action says nothing about what that action did.
  if (sight === null || data.retired || data.sightRevision !== data.revision) return { actions: [], wakeAt: null };
  const actions: Action[] = [];
  const wakes: Instant[] = [];
  const observed = new Map(sight.engines.map((e) => [e.id, e]));
  const healthy = isHealthy(sight.vpn);
  const provisioningPossible = healthy && sight.imagePresent;
  const port = sight.port.kind === 'known' ? sight.port.port : null;
  const unfinished = unfinishedTargets(data);

  const failed = new Map<Engine, Cause>();
  for (const engine of data.engines) {
    const cause = failure(observed.get(engine.id), sight);
    if (cause !== null) failed.set(engine, cause);
  }
  const alive = data.engines.filter((e) => !failed.has(e));

  for (const engine of [...strays(data, sight), ...forsaken(data, sight)]) {
    actions.push({ kind: 'replace', cause: 'surplus', old: [engineRef(engine)], bringUp: null });
  }

  // The forwarded engine is a requirement of its own, whatever any count says.
  const forwardedInWork = unfinished.find((r) => r.target?.role === 'forwarded');
  let forwardedExpected = forwardedInWork !== undefined || alive.some((e) => e.role === 'forwarded');
  if (provisioningPossible && port !== null) {
    forwardedExpected = true;
    const right = alive.filter((e) => e.role === 'forwarded' && e.p2pPort === port);
    const wrong = alive.filter((e) => e.role === 'forwarded' && e.p2pPort !== port);
    for (const holder of alive.filter((e) => e.role === 'plain' && [e.httpPort, e.httpsPort].includes(port))) {
      actions.push({ kind: 'replace', cause: 'port conflict', old: [engineRef(holder)], bringUp: { role: 'plain' } });
    }
    for (const { number, target } of unfinished) {
      if (target?.role === 'plain' && [target.httpPort, target.httpsPort].includes(port)) {
        actions.push({ kind: 'retarget', number, p2pPort: null });
      }
    }
    if (forwardedInWork) {
      if (forwardedInWork.target?.p2pPort !== port) {
        actions.push({ kind: 'retarget', number: forwardedInWork.number, p2pPort: port });
      }
      for (const extra of [...right, ...wrong]) {
        actions.push({ kind: 'replace', cause: 'surplus', old: [engineRef(extra)], bringUp: null });
      }
    } else if (right.length > 0) {
      const keep = right.find((e) => e.ready) ?? right[0];
      for (const extra of [...right, ...wrong].filter((e) => e !== keep)) {
        actions.push({ kind: 'replace', cause: 'surplus', old: [engineRef(extra)], bringUp: null });
      }
    } else {
      const lost = [...failed].find(([e]) => e.role === 'forwarded');
      const isFirst = !data.replacements.some((r) => r.target?.role === 'forwarded');
      const cause: Cause =
        wrong.length > 0 ? 'port changed' : (lost?.[1] ?? (isFirst ? 'first engine' : 'engine missing'));
      const spaced = cause === 'engine died' || cause === 'engine unhealthy' || cause === 'engine missing';
      const earliest = spaced ? earliestAfterFailures(data, 'forwarded', now) : 0;
      if (now >= earliest) {
        const old = [...wrong, ...(lost ? [lost[0]] : [])];
        if (lost) failed.delete(lost[0]);
        actions.push({
          kind: 'replace',
          cause,
          old: old.map(engineRef),
          bringUp: { role: 'forwarded', p2pPort: port },
        });
      } else {
        wakes.push(earliest);
      }
    }
  } else if (healthy && !forwardedExpected) {
    // Until the port has been unknown for its whole time to live, a forwarded engine may still be on its way.
    const expiry = portExpiry(data);
    forwardedExpected = validPort(data, now) !== null || expiry === null || now < expiry;
  }
  const expiry = portExpiry(data);
  if (expiry !== null && now < expiry) wakes.push(expiry);

  const plainWanted = data.settings.targetEngines - (forwardedExpected ? 1 : 0);
  let plain =
    alive.filter((e) => e.role === 'plain').length + unfinished.filter((r) => r.target?.role === 'plain').length;
  for (const [engine, cause] of failed) {
    const earliest = earliestAfterFailures(data, engine.role, now);
    const refill = engine.role === 'plain' && provisioningPossible && plain < plainWanted && now >= earliest;
    const wanted = engine.role === 'forwarded' || plain < plainWanted;
    // An unhealthy engine still is better than none until its turn to be replaced comes.
    if (cause === 'engine unhealthy' && wanted && !refill) {
      wakes.push(earliest);
      if (engine.role === 'plain') plain++;
      continue;
    }
    if (refill) plain++;
    actions.push({ kind: 'replace', cause, old: [engineRef(engine)], bringUp: refill ? { role: 'plain' } : null });
  }
  if (provisioningPossible) {
    const earliest = earliestAfterFailures(data, 'plain', now);
    for (; plain < plainWanted; plain++) {
      if (now < earliest) {
        wakes.push(earliest);
        break;
      }
      const isFirst = !data.replacements.some((r) => r.target?.role === 'plain');
      const cause = isFirst ? 'first engine' : 'engine missing';
      actions.push({ kind: 'replace', cause, old: [], bringUp: { role: 'plain' } });
    }
  }
  const later = wakes.filter((at) => at > now);
  return { actions, wakeAt: later.length > 0 ? Math.min(...later) : null };
}
