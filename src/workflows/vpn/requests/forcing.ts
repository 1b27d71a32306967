import { engineRef, type Engine, type Instant } from '../../../domain/engine';
import type { Replacement } from '../../../domain/replacement';
import type { Begun } from '../act/effect';
import { breakerKey } from '../decide/breaker';
import { lackOf, standstillOf } from './eligibility';
import { allowance, trialAt } from './provisioning-allowance';
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
  const refused = forceRefusal(data, request, now);
  if (refused !== null) throw new Error(refused);
  const engine = chosenBy(data, request);
  if (!engine) throw new Error(`no engine to replace on VPN '${data.settings.vpn}'`);
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

/** Why a forced replacement can't be begun now; null: it can. */
export function forceRefusal(data: VpnData, request: ForceRequest, now: Instant): string | null {
  const { vpn, image } = data.settings;
  if (data.retired) return `VPN '${vpn}' is not configured any more: nothing was replaced`;
  if (joinedBy(data, request)) return null;
  const standstill = standstillOf(data);
  if (standstill?.kind === 'unreachable') return `${standstill.problem}; nothing was replaced`;
  if (standstill !== null) return `another Portward acts on VPN '${vpn}': nothing was replaced`;
  const lack = lackOf(data.snapshot);
  if (lack === 'healthy VPN') return `VPN '${vpn}' is not healthy: a new engine could not start; nothing was replaced`;
  if (lack === 'image') return `image ${image} is not on the Docker host: nothing was replaced`;
  const engine = chosenBy(data, request);
  if (!engine) {
    return request.engine === null
      ? `VPN '${vpn}' has no forwarded engine to replace`
      : `no engine '${request.engine}' on VPN '${vpn}'`;
  }
  const key = breakerKey('forced', engine.role);
  const trial = trialAt(data, key);
  if (trial === null || allowance(data, key, now) > 0) return null;
  return (
    `the circuit breaker of VPN '${vpn}' is open after ${data.breakers[key.role][key.kind].failures} engines in a row that could not be ` +
    `brought up: nothing was replaced; it is tried again at ${new Date(trial).toISOString()}, or once the breaker is reset`
  );
}
