import { engineRef, type Engine, type Instant } from '../../../domain/engine';
import { generalObstacle } from '../../../domain/vpn/eligibility';
import type { Replacement } from '../../../domain/replacement';
import type { Begun } from '../act/effect';
import { breakerKey } from '../decide/breaker';
import { eligibilityOf, inWords } from './eligibility';
import { findEngine, runningReplacements, type VpnData } from '../data';
import type { VpnState } from '../state';

// Replacements that somebody asks for: which engine is meant, whether it is being replaced already, and why it can't be.

export interface ForceRequest {
  readonly engine: string | null;
  readonly reason: string | null;
  readonly requestId: string | null;
}

/**
 * Begins a replacement that somebody asks for. The request joins a replacement of that engine that runs already, or one with the same
 * request id. @throws Error that says why nothing can be replaced
 */
export function force(state: VpnState, request: ForceRequest, now: Instant): Begun {
  const { data } = state;
  const joined = joinedBy(data, request);
  if (joined) return { replacement: joined, effect: null };
  const engine = chosenBy(data, request);
  const refusal = refusalOf(data, engine, now);
  if (refusal !== null) throw new Error(`nothing was replaced, because ${refusal}`);
  if (!engine) throw new Error(missingEngine(data, request));
  const { role } = engine;
  const reading = data.snapshot?.port;
  const p2pPort = (reading?.kind === 'known' ? reading.port : data.port.last) ?? engine.p2pPort;
  const bringUp = { role, p2pPort: role === 'forwarded' ? p2pPort : null };
  const { reason, requestId } = request;
  const replacement = state.begin({ cause: 'forced', old: [engineRef(engine)], bringUp, reason, requestId }, now);
  return { replacement, effect: { kind: 'start', replacement } };
}

/** The replacement that the request joins: one with the same request id, or one of that engine that runs. */
function joinedBy(data: VpnData, { engine, requestId }: ForceRequest): Replacement | undefined {
  const repeated = requestId === null ? undefined : data.replacements.find((r) => r.requestId === requestId);
  if (repeated) return repeated;
  return runningReplacements(data).find((r) =>
    engine === null
      ? r.target?.role === 'forwarded' && r.readyAt === null
      : r.old.some((old) => old.id === engine || old.name === engine),
  );
}

function chosenBy(data: VpnData, { engine }: ForceRequest): Engine | undefined {
  return engine === null ? data.engines.find((e) => e.role === 'forwarded') : findEngine(data, engine);
}

/** Why the engine can't be replaced now; null: it can, or there is none. */
function refusalOf(data: VpnData, engine: Engine | undefined, now: Instant): string | null {
  if (data.retired) return `VPN '${data.settings.vpn}' is not configured any more`;
  const key = breakerKey('forced', engine?.role ?? 'forwarded');
  const obstacle = generalObstacle(eligibilityOf(data, key), false, now);
  // A breaker guards the engine in place of one that exists.
  return obstacle === null || (obstacle.kind === 'breaker' && !engine) ? null : inWords(data, obstacle);
}

function missingEngine({ settings: { vpn } }: VpnData, { engine }: ForceRequest): string {
  return engine === null ? `VPN '${vpn}' has no forwarded engine to replace` : `no engine '${engine}' on VPN '${vpn}'`;
}
