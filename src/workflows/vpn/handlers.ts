import { ApplicationFailure, log, setHandler, type SignalDefinition } from '@temporalio/workflow';
import { replacementWorkflowId } from '../../domain/names';
import type { Replacement } from '../../domain/replacement';
import type { Versioned } from '../../domain/vpn/listing';
import type { Changes } from '../shared/changes';
import type { Begun } from './act/effect';
import { messageOf } from '../../lib/errors';
import { abandon, type Effects } from './act/effects';
import * as messages from './messages';
import { engineLeft, engineMade, engineReady, leaveAsked } from './observe/engine-reports';
import { attemptFailed, noteFormerIncarnation, replacementEnded } from './observe/replacement-reports';
import { streamsReported } from './observe/stream-reports';
import type { Watch } from './observe/watch';
import * as schemas from './message-schemas';
import type { Report } from './report/report';
import { collectGarbage, configure, resetBreaker, retire, setTarget } from './requests/controls';
import { force } from './requests/forcing';
import { provision } from './requests/provision';
import { remove } from './requests/removal';
import type { VpnState } from './state';
import { enginesView, versionsOf } from './views/lists';
import { statusView } from './views/status-view';

// Signals, updates and queries of a VPN's workflow. They are checked here; `observe`, `requests` and `decide` change the state.

interface Parts {
  readonly state: VpnState;
  readonly changes: Changes;
  readonly watch: Watch;
  readonly effects: Effects;
  readonly report: Report;
  readonly handOver: () => void;
}

const PROVISIONING_REFUSED = 'ProvisioningRefused';
const NO_SUCH_ENGINE = 'NoSuchEngine';
const REQUEST_FORM =
  'expected nothing, or an object with text in engine, reason and requestId, and with no other field';

export function setHandlers(parts: Parts): void {
  answerQueries(parts.state);
  handleWorker(parts);
  handleFleet(parts);
  handleRequests(parts);
  handleReplacements(parts);
}

function answerQueries(state: VpnState): void {
  setHandler(messages.listsQuery, (since) => {
    const { engines, streams } = versionsOf(state.data);
    return {
      engines: versioned(engines, since.engines, () => enginesView(state.data, Date.now())),
      streams: versioned(streams, since.streams, () => state.data.streams),
    };
  });
  setHandler(messages.eventLogQuery, () => ({ incarnation: state.data.incarnation, events: state.data.events }));
  setHandler(messages.statusQuery, () => statusView(state.data));
  setHandler(messages.memoryQuery, () => state.data);
}

function versioned<T>(version: string, since: string | null, value: () => T): Versioned<T> {
  return since === version ? { version, unchanged: true } : { version, unchanged: false, value: value() };
}

/** Handles a signal, whose arguments may be anything. Each counts as a change, since it has made the history longer. */
function on<Args extends unknown[]>(
  { state, changes }: Parts,
  signal: SignalDefinition<Args>,
  handle: (...args: unknown[]) => void,
): void {
  setHandler(signal, (...args: Args) => {
    handle(...args);
    state.publish(Date.now());
    changes.note();
  });
}

const NO_MESSAGE = 'not the message of a replacement';

function ignored(state: VpnState, signal: string, why: string): void {
  log.warn(`[${state.data.settings.vpn}] signal ${signal} ignored: ${why}`);
}

function handleWorker(parts: Parts): void {
  const { state, watch, report, handOver } = parts;
  on(parts, messages.configureSignal, (settings: unknown, start?: unknown) => {
    const parsed = schemas.readSettings(settings);
    const { vpn, instance } = state.data.settings;
    // Each worker sends this when it starts: a problem that lasts is logged again, in the new worker's log.
    report.problems.forget();
    if (parsed?.vpn !== vpn || parsed.instance !== instance) ignored(state, 'configure', "not this VPN's settings");
    else configure(state, parsed, typeof start === 'string' ? start : null, Date.now());
  });
  on(parts, messages.retireSignal, () => retire(state));
  on(parts, messages.handOverSignal, handOver);
  on(parts, messages.recheckSignal, () => watch.recheck());
  on(parts, messages.streamsSignal, (value) => {
    const { vpn } = state.data.settings;
    const parsed = schemas.readStreamEvents(value);
    if (!parsed || parsed.wrong > 0)
      log.warn(`[${vpn}] signal streams: ${parsed?.wrong ?? 'all'} ignored, not events of streams`);
    const refused = parsed ? streamsReported(state, parsed.events, Date.now()) : 0;
    if (refused > 0) log.warn(`[${vpn}] ${refused} streams are not kept: there are too many at a time`);
  });
}

function handleFleet(parts: Parts): void {
  const { state, report } = parts;
  on(parts, messages.setTargetSignal, (value) => {
    const engines = schemas.readEngineCount(value);
    if (engines === null) ignored(state, 'setTarget', 'expected a number of engines from 0 to 1000');
    else setTarget(state, engines);
  });
  on(parts, messages.reportSignal, () => report.fleet.forget());
}

/** Requests of people and programs. */
function handleRequests(parts: Parts): void {
  const { state } = parts;
  on(parts, messages.resetBreakerSignal, (operation) => {
    const kinds = schemas.readBreakerKinds(operation);
    if (kinds) resetBreaker(state, kinds);
    else ignored(state, 'resetBreaker', "expected nothing, 'general' or 'replacement'");
  });
  on(parts, messages.collectGarbageSignal, () => collectGarbage(state));
  setHandler(messages.replaceEngineUpdate, (request) => replace(parts, request));
  on(parts, messages.replaceEngineSignal, (request) => {
    try {
      replace(parts, request);
    } catch (error) {
      ignored(state, 'replaceEngine', messageOf(error));
    }
  });
  setHandler(messages.provisionEngineUpdate, (request) => {
    const parsed = schemas.readProvisionRequest(request);
    if (!parsed) throw rejection(PROVISIONING_REFUSED, 'expected requestId, labels, sealedEnv and httpPort');
    return takeUp(parts, PROVISIONING_REFUSED, () => provision(state, parsed, Date.now()));
  });
  setHandler(messages.removeEngineUpdate, (request) => {
    const parsed = schemas.readRemoveRequest(request);
    const { retired, settings } = state.data;
    if (retired) throw rejection(NO_SUCH_ENGINE, `VPN '${settings.vpn}' is not configured any more`);
    if (!parsed) throw rejection(NO_SUCH_ENGINE, 'expected the id or name of an engine');
    return takeUp(parts, NO_SUCH_ENGINE, () => remove(state, parsed.engine, Date.now()));
  });
}

function replace(parts: Parts, request: unknown): Replacement {
  const parsed = schemas.readReplaceRequest(request);
  if (!parsed) throw rejection('ReplacementRefused', REQUEST_FORM);
  const { engine = null, reason = null, requestId = null } = parsed;
  return takeUp(parts, 'ReplacementRefused', () => force(parts.state, { engine, reason, requestId }, Date.now()));
}

/** Carries out an update's change of the state. Its errors become rejections: any other error would stop the workflow. */
function takeUp({ state, effects, changes }: Parts, refusal: string, begin: () => Begun): Replacement {
  try {
    const { replacement, effect } = begin();
    effects.add(effect);
    state.publish(Date.now());
    return replacement;
  } catch (error) {
    throw rejection(refusal, messageOf(error));
  } finally {
    // A rejected update has made the history longer, too.
    changes.note();
  }
}

function rejection(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}

function handleReplacements(parts: Parts): void {
  const { state, effects } = parts;
  fromReplacement(parts, messages.engineMadeSignal, schemas.readEngineMade, (message) =>
    engineMade(state, message, Date.now()),
  );
  fromReplacement(parts, messages.engineReadySignal, schemas.readEngineReady, (message) =>
    engineReady(state, message, Date.now()),
  );
  fromReplacement(parts, messages.engineLeftSignal, schemas.readEngineLeft, (message) =>
    effects.add(engineLeft(state, message)),
  );
  fromReplacement(parts, messages.leaveAskedSignal, schemas.readLeaveAsked, (message) => leaveAsked(state, message));
  fromReplacement(parts, messages.attemptFailedSignal, schemas.readAttemptFailed, (message) =>
    effects.add(attemptFailed(state, message, Date.now())),
  );
  on(parts, messages.replacementEndedSignal, (value) => {
    const message = schemas.readReplacementEnded(value);
    if (message) replacementEnded(state, message, Date.now());
    else ignored(state, 'replacementEnded', NO_MESSAGE);
  });
}

/** A signal of a replacement. A replacement of a former incarnation of this workflow is told to give up. */
function fromReplacement<T extends { readonly incarnation: string; readonly number: number }>(
  parts: Parts,
  signal: SignalDefinition<[T]>,
  parsed: (value: unknown) => T | null,
  handle: (message: T) => void,
): void {
  on(parts, signal, (value) => {
    const message = parsed(value);
    const { state } = parts;
    if (!message) {
      ignored(state, signal.name, NO_MESSAGE);
      return;
    }
    const { incarnation, settings } = state.data;
    if (message.incarnation === incarnation) {
      handle(message);
      return;
    }
    noteFormerIncarnation(state, message.incarnation);
    void abandon(replacementWorkflowId(settings.instance, settings.vpn, message.incarnation, message.number));
  });
}
