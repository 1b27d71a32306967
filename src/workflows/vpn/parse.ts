import type { ContainerId, Engine, EngineRef, Instant } from '../../domain/engine';
import type {
  AttemptFailed,
  EngineLeft,
  EngineMade,
  EngineReady,
  LeaveAsked,
  ReplacementEnded,
  Target,
} from '../../domain/replacement';
import type { PortsTaken, TakenPorts } from '../../domain/vpn/taken-ports';
import type { VpnSettings } from '../../domain/settings';
import { keyTypes, type Stream, type StreamEvent } from '../../domain/streams/stream';
import type { BreakerKind } from '../../domain/vpn/breaker';
import type { ProvisionRequest, ReplaceRequest } from './messages';

// Anyone with access to Temporal can send a signal with anything in it, and a handler that throws stops its
// workflow until someone intervenes. So every signal is parsed; null means that it can't be used.

/** Streams may be magnet links, and their ids hold them. */
const LONGEST_ADDRESS = 4_096;
const LONGEST_SEALED = 64 * 1024;

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function isText(value: unknown, longest = 1000): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest;
}

/** The last one that a `Date` can be. */
const LAST_INSTANT: Instant = 8.64e15;

function isInstant(value: unknown): value is Instant {
  return isCount(value) && value >= 0 && value <= LAST_INSTANT;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isPort(value: unknown): boolean {
  return isCount(value) && value >= 1 && value <= 65_535;
}

export function parseReplaceRequest(value: unknown): ReplaceRequest | null {
  if (value === undefined || value === null) return {};
  const given = fields(value);
  if (!given) return null;
  const { engine, reason, requestId, ...others } = given;
  // A misspelt name would replace another engine than the one that was meant.
  if (Object.keys(others).length > 0) return null;
  for (const text of [engine, reason, requestId]) {
    if (text !== undefined && text !== null && !isText(text)) return null;
  }
  return {
    ...(isText(engine) ? { engine } : {}),
    ...(isText(reason) ? { reason } : {}),
    ...(isText(requestId) ? { requestId } : {}),
  };
}

function isEngineRef(value: unknown): value is EngineRef {
  const e = fields(value);
  return (
    e !== null &&
    isText(e['id']) &&
    isText(e['name']) &&
    (e['role'] === 'forwarded' || e['role'] === 'plain') &&
    isPort(e['httpPort']) &&
    (e['httpsPort'] === null || isPort(e['httpsPort'])) &&
    (e['p2pPort'] === null || isPort(e['p2pPort']))
  );
}

function isEngine(value: unknown): value is Engine {
  const e = fields(value);
  return (
    e !== null &&
    isEngineRef(value) &&
    Object.values(fields(e['labels']) ?? { none: null }).every((text) => typeof text === 'string') &&
    ['healthy', 'unhealthy', 'unknown'].includes(String(e['health'])) &&
    e['ready'] === true
  );
}

export function parseEngineReady(value: unknown): EngineReady | null {
  const m = fields(value);
  if (!m || !isText(m['lineage']) || !isCount(m['number']) || !isCount(m['generation']) || !isEngine(m['engine'])) {
    return null;
  }
  const { lineage, number, generation, engine, session } = m;
  return isText(session) ? { lineage, number, generation, engine, session } : null;
}

export function parseEngineLeft(value: unknown): EngineLeft | null {
  const m = fields(value);
  if (!m || !isText(m['lineage']) || !isCount(m['number']) || !isEngineRef(m['engine']) || !isText(m['reason'])) {
    return null;
  }
  const { lineage, number, engine, generation, reason } = m;
  if (generation !== null && !isCount(generation)) return null;
  return { lineage, number, engine, generation, reason };
}

export function parseReplacementEnded(value: unknown): ReplacementEnded | null {
  const m = fields(value);
  if (!m || !isText(m['lineage']) || !isCount(m['number']) || !isCount(m['failedAttempts'])) return null;
  const { lineage, number, generation, failedAttempts } = m;
  if (generation !== null && !isCount(generation)) return null;
  return { lineage, number, generation, failedAttempts };
}

export function parseLeaveAsked(value: unknown): LeaveAsked | null {
  const m = fields(value);
  if (!m || !isText(m['lineage']) || !isCount(m['number']) || !isText(m['engine'])) return null;
  const { lineage, number, engine } = m;
  return { lineage, number, engine };
}

export function parseAttemptFailed(value: unknown): AttemptFailed | null {
  const m = fields(value);
  if (!m || !isText(m['lineage']) || !isCount(m['number']) || !isCount(m['failedAttempts']) || !isText(m['error'])) {
    return null;
  }
  const { lineage, number, failedAttempts, error } = m;
  const [provisioning, countsForBreaker] = [m['provisioning'] === true, m['countsForBreaker'] === true];
  return { lineage, number, failedAttempts, error, provisioning, countsForBreaker, taken: parseTakenPorts(m['taken']) };
}

/** What the activities say of an engine whose ports something else has. */
export function parsePortsTaken(value: unknown): PortsTaken | null {
  const m = fields(value);
  const taken = parseTakenPorts(m?.['taken']);
  return taken && { taken, started: m?.['started'] !== false };
}

/** Null where it is none, or can't be used. */
function parseTakenPorts(value: unknown): TakenPorts | null {
  const m = fields(value);
  if (!m || !Array.isArray(m['ports']) || m['ports'].length === 0 || !m['ports'].every((port) => isPort(port)))
    return null;
  return { ports: m['ports'], by: isText(m['by']) ? m['by'] : null };
}

export function parseEngineMade(value: unknown): EngineMade | null {
  const m = fields(value);
  if (!m || !isText(m['lineage']) || !isCount(m['number']) || !isCount(m['generation'])) return null;
  const { lineage, number, generation, id, name } = m;
  return isText(id) && isText(name) ? { lineage, number, generation, id, name } : null;
}

export function parseProvisionRequest(value: unknown): ProvisionRequest | null {
  const m = fields(value);
  const labels = fields(m?.['labels']);
  if (!m || !labels || !isText(m['requestId'])) return null;
  if (!Object.values(labels).every((text) => typeof text === 'string')) return null;
  if (m['sealedEnv'] !== null && !isText(m['sealedEnv'], LONGEST_SEALED)) return null;
  return m['httpPort'] === null || isPort(m['httpPort']) ? (value as ProvisionRequest) : null;
}

/** The name of an engine, or null. */
export function parseEngineName(value: unknown): string | null {
  const engine = fields(value)?.['engine'];
  return isText(engine) ? engine : null;
}

/** How many engines a VPN keeps; its forwarded one whatever this is. */
export function parseEngineCount(value: unknown): number | null {
  return isCount(value) && value >= 0 && value <= 1000 ? value : null;
}

/** Those that can be used; `wrong` counts the others. Null when there is no list. */
export function parseStreamEvents(
  value: unknown,
): { readonly events: readonly StreamEvent[]; readonly wrong: number } | null {
  if (!Array.isArray(value)) return null;
  const events = value.filter(isStreamEvent);
  return { events, wrong: value.length - events.length };
}

function isStreamEvent(value: unknown): value is StreamEvent {
  const e = fields(value);
  if (e?.['kind'] === 'started') return isStream(e['stream']);
  if (e?.['kind'] !== 'ended') return false;
  return isText(e['id'], LONGEST_ADDRESS) && isInstant(e['at']) && (e['reason'] === null || isText(e['reason']));
}

function isStream(value: unknown): value is Stream {
  const s = fields(value);
  return (
    s !== null &&
    keyTypes.some((type) => type === s['keyType']) &&
    isText(s['containerId']) &&
    isText(s['playbackSessionId']) &&
    ['id', 'key'].every((name) => isText(s[name], LONGEST_ADDRESS)) &&
    ['statUrl', 'commandUrl'].every((name) => s[name] === '' || isText(s[name], LONGEST_ADDRESS)) &&
    typeof s['isLive'] === 'boolean' &&
    isInstant(s['startedAt']) &&
    s['endedAt'] === null &&
    s['endReason'] === null
  );
}

/** Undefined when it can't be used. */
export function parseHold(value: unknown): Instant | null | undefined {
  return value === null || isCount(value) ? value : undefined;
}

/** Ids of containers, or null. */
export function parseIds(value: unknown): readonly ContainerId[] | null {
  return Array.isArray(value) && value.every((id) => isText(id)) ? value : null;
}

/** Which circuit breakers are meant; both if none is named. */
export function parseBreakerKinds(value: unknown): readonly BreakerKind[] | null {
  const given = value === undefined || value === null ? null : value;
  if (given === null) return ['general', 'replacement'];
  return given === 'general' || given === 'replacement' ? [given] : null;
}

export function parseTarget(value: unknown): Target | null {
  const m = fields(value);
  if (!m || !isCount(m['generation']) || (m['role'] !== 'forwarded' && m['role'] !== 'plain')) return null;
  if (!isPort(m['httpPort']) || !isPort(m['httpsPort'])) return null;
  if (m['p2pPort'] !== null && !isPort(m['p2pPort'])) return null;
  if (!Array.isArray(m['waitFor']) || !m['waitFor'].every((id) => isText(id))) return null;
  return value as Target;
}

export function parseSettings(value: unknown): VpnSettings | null {
  const m = fields(value);
  const numbers = [
    'targetEngines',
    'checkIntervalMs',
    'portCacheTtlMs',
    'evictionGraceMs',
    'stopTimeoutS',
    'startupTimeoutMs',
    'unhealthyRestartMs',
    'portLostMs',
    'longestSpacingMs',
    'idleGraceMs',
    'drainMs',
  ];
  if (!m || !isText(m['instance']) || !isText(m['vpn']) || !isText(m['image'])) return null;
  if (!numbers.every((name) => typeof m[name] === 'number' && Number.isFinite(m[name]))) return null;
  for (const name of ['httpPorts', 'httpsPorts']) {
    const range = fields(m[name]);
    if (!range || !isPort(range['first']) || !isPort(range['last'])) return null;
  }
  const breakers = fields(m['breakers']);
  for (const kind of ['general', 'replacement']) {
    const breaker = fields(breakers?.[kind]);
    if (!isCount(breaker?.['threshold']) || typeof breaker['recoveryMs'] !== 'number') return null;
  }
  if (typeof m['replaceOnReconnect'] !== 'boolean' || typeof m['notify'] !== 'boolean') return null;
  if (!Array.isArray(m['reservedPorts']) || !Array.isArray(m['searchAttributes'])) return null;
  return value as VpnSettings;
}
