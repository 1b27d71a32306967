import { Type } from '@sinclair/typebox';
import type {
  AttemptFailed,
  EngineLeft,
  EngineMade,
  EngineReady,
  LeaveAsked,
  ReplacementEnded,
} from '../../domain/replacement';
import type { VpnSettings } from '../../domain/settings';
import { keyTypes, type StreamEvent } from '../../domain/streams/stream';
import type { BreakerKind } from '../../domain/vpn/breaker';
import {
  instant,
  integer,
  labels,
  nullable,
  port,
  portRange,
  reader,
  role,
  takenPorts,
  text,
} from '../shared/message-schema';
import type { ProvisionRequest, ReplaceRequest } from './messages';

// What workers, the fleet, the API, people and replacements send to a VPN's workflow.

/** Ids and keys of streams may contain magnet links. */
const LONGEST_ADDRESS = 4_096;
const LONGEST_SEALED = 64 * 1024;

const ms = Type.Number();
const breaker = Type.Object({ threshold: integer(), recoveryMs: ms });

export const readSettings = reader<VpnSettings>(
  Type.Object({
    instance: text(),
    vpn: text(),
    targetEngines: Type.Number(),
    httpPorts: portRange,
    httpsPorts: portRange,
    reservedPorts: Type.Array(port),
    checkIntervalMs: ms,
    portCacheTtlMs: ms,
    evictionGraceMs: ms,
    stopTimeoutS: Type.Number(),
    startupTimeoutMs: ms,
    unhealthyRestartMs: ms,
    portLostMs: ms,
    replaceOnReconnect: Type.Boolean(),
    longestBackoffMs: ms,
    breakers: Type.Object({ general: breaker, replacement: breaker }),
    idleGraceMs: ms,
    drainMs: ms,
    notify: Type.Boolean(),
    image: text(),
    oneAtATime: Type.Boolean(),
    pullPolicy: Type.Union([Type.Literal('missing'), Type.Literal('always'), Type.Literal('never')]),
    searchAttributes: Type.Array(Type.String()),
  }),
);

/** How many engines a VPN keeps. */
export const readEngineCount = reader<number>(integer(0, 1_000));

const streamEvent = Type.Union([
  Type.Object({
    kind: Type.Literal('started'),
    stream: Type.Object({
      id: text(LONGEST_ADDRESS),
      keyType: Type.Union(keyTypes.map((keyType) => Type.Literal(keyType))),
      key: text(LONGEST_ADDRESS),
      containerId: text(),
      playbackSessionId: text(),
      statUrl: Type.String({ maxLength: LONGEST_ADDRESS }),
      commandUrl: Type.String({ maxLength: LONGEST_ADDRESS }),
      isLive: Type.Boolean(),
      startedAt: instant,
      endedAt: Type.Null(),
      endReason: Type.Null(),
    }),
  }),
  Type.Object({ kind: Type.Literal('ended'), id: text(LONGEST_ADDRESS), at: instant, reason: nullable(text()) }),
]);
const readStreamEvent = reader<StreamEvent>(streamEvent);

/** The events that can be used; `wrong` counts the others. Null if the value is no list. */
export function readStreamEvents(
  value: unknown,
): { readonly events: readonly StreamEvent[]; readonly wrong: number } | null {
  if (!Array.isArray(value)) return null;
  const events = value.map(readStreamEvent).filter((event) => event !== null);
  return { events, wrong: value.length - events.length };
}

const replaceRequest = reader(
  Type.Object(
    {
      engine: Type.Optional(nullable(text())),
      reason: Type.Optional(nullable(text())),
      requestId: Type.Optional(nullable(text())),
    },
    // With a misspelt field the forwarded engine would be replaced instead of the one that was meant.
    { additionalProperties: false },
  ),
);

/** Without a value the request means the forwarded engine. */
export function readReplaceRequest(value: unknown): ReplaceRequest | null {
  const given = replaceRequest(value ?? {});
  if (!given) return null;
  const { engine, reason, requestId } = given;
  return {
    ...(engine ? { engine } : {}),
    ...(reason ? { reason } : {}),
    ...(requestId ? { requestId } : {}),
  };
}

export const readProvisionRequest = reader<ProvisionRequest>(
  Type.Object({
    requestId: text(),
    labels,
    sealedEnv: nullable(text(LONGEST_SEALED)),
    httpPort: nullable(port),
  }),
);

export const readRemoveRequest = reader<{ readonly engine: string }>(Type.Object({ engine: text() }));

const breakerKind = reader<BreakerKind>(Type.Union([Type.Literal('general'), Type.Literal('replacement')]));

/** Which kinds of circuit breakers are meant; both if none is named. */
export function readBreakerKinds(value: unknown): readonly BreakerKind[] | null {
  if (value === undefined || value === null) return ['general', 'replacement'];
  const kind = breakerKind(value);
  return kind && [kind];
}

const engineRef = {
  id: text(),
  name: text(),
  role,
  httpPort: port,
  httpsPort: nullable(port),
  p2pPort: nullable(port),
};

const engine = Type.Object({
  ...engineRef,
  labels,
  firstSeen: instant,
  ready: Type.Literal(true),
  health: Type.Union([Type.Literal('healthy'), Type.Literal('unhealthy'), Type.Literal('unknown')]),
  run: nullable(instant),
  lastUsedAt: nullable(instant),
  cutOff: Type.Boolean(),
});

/** Identifies the replacement that sends a message, and the incarnation of the VPN's workflow that started it. */
const sender = { incarnation: text(), number: integer() };

export const readEngineMade = reader<EngineMade>(
  Type.Object({ ...sender, generation: integer(), id: text(), name: text() }),
);
export const readEngineReady = reader<EngineReady>(
  Type.Object({ ...sender, generation: integer(), engine, session: text() }),
);
export const readEngineLeft = reader<EngineLeft>(
  Type.Object({ ...sender, engine: Type.Object(engineRef), generation: nullable(integer()), reason: text() }),
);
export const readLeaveAsked = reader<LeaveAsked>(Type.Object({ ...sender, engine: text() }));
export const readAttemptFailed = reader<AttemptFailed>(
  Type.Object({
    ...sender,
    failedAttempts: integer(),
    error: text(),
    provisioning: Type.Boolean(),
    countsForBreaker: Type.Boolean(),
    taken: nullable(takenPorts),
  }),
);
export const readReplacementEnded = reader<ReplacementEnded>(
  Type.Object({ ...sender, generation: nullable(integer()), failedAttempts: integer() }),
);
