import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { Versioned } from '../../domain/vpn/listing';
import { newLineage, replacementWorkflowId } from '../../domain/names';
import { isHealthy } from '../../domain/vpn/observation';
import type { Replacement } from '../../domain/replacement';
import type { VpnSettings } from '../../domain/settings';
import { Alarm } from '../shared/alarm';
import {
  announce,
  announceBreaker,
  announceChange,
  announceEnd,
  announcePortBack,
  announceReconnect,
} from './report/announce';
import { describeVpn, publishSearchAttributes } from './report/appearance';
import { carriedOver, mayBeCarried, restoredFrom, type Carried } from './carry-over/carried';
import { abandon, Effects, errorMessage } from './act/effects';
import { FleetReport } from './report/fleet-report';
import { force, type ForceRequest } from './requests/forcing';
import { historyIsLong } from '../shared/long-history';
import * as messages from './messages';
import { nothingPending, VpnMetrics, type Pending } from './report/metrics';
import * as parse from './parse';
import { Notifier } from './report/notifier';
import { ProblemLog } from './report/problem-log';
import { problemOf } from './report/problems';
import { statusView } from './views/status-view';
import { newVpnData, portExpiry, runningReplacements, type VpnData } from './data';
import { VpnState } from './state';
import type { Begun, Effect } from './act/effect';
import { accept } from './observe/accept';
import { engineLeft, engineMade, engineReady, leaveAsked } from './observe/engine-reports';
import { attemptFailed, heardFrom, replacementEnded } from './observe/replacement-reports';
import { streamsReported } from './observe/stream-reports';
import { collectGarbage, configure, resetBreaker, retire, setTarget } from './requests/controls';
import { provision } from './requests/provision';
import { remove } from './requests/removal';
import { takeDecision } from './decide/take-decision';
import { engineLists, versionsOf } from './views/lists';
import { Watch } from './observe/watch';

const RECHECK_SPACING_MS = 1_000;

export interface VpnInput {
  readonly settings: VpnSettings;
  /** State of the run before this one, when the workflow continued as new. */
  readonly carried?: Carried;
  /** What that run was still measuring. */
  readonly measuring?: Pending;
  /** Which problem that run had told. */
  readonly problem?: string | null;
  /** What it had reported to the fleet. */
  readonly reported?: string | null;
}

/**
 * Keeps one VPN's engines as they should be, for as long as the VPN is configured: observe, decide, act. It wires
 * messages and activities to `VpnState`; what happens and why is there and in `decide`.
 */
export async function vpn(input: VpnInput): Promise<void> {
  const state = new VpnState(
    input.carried
      ? restoredFrom(input.carried)
      : newVpnData(input.settings, newLineage(Date.now(), uuid4().slice(0, 4))),
  );
  const name = input.settings.vpn;
  const metrics = new VpnMetrics(name, state.data, input.measuring ?? nothingPending);
  const watch = new Watch();
  const alarm = new Alarm();
  const outside = new Effects(name, state, (message) => {
    const replacement = replacementEnded(state, message, Date.now());
    if (replacement) announceEnd(name, replacement);
  });
  const notifier = new Notifier(state);
  const effects: Effect[] = [];
  let recheckDue: number | null = null;
  let lastRecheck = 0;
  let isHandingOver = false;
  const problems = new ProblemLog(name, log, input.problem ?? null);
  const fleet = new FleetReport(() => state.data, input.reported ?? null);

  setHandler(messages.listsQuery, (since) => {
    const { engines, streams } = versionsOf(state.data);
    return {
      engines: versioned(engines, since.engines, () => engineLists(state.data, Date.now())),
      streams: versioned(streams, since.streams, () => state.data.streams),
    };
  });
  setHandler(messages.newsQuery, () => ({ lineage: state.data.lineage, news: state.data.news }));
  setHandler(messages.statusQuery, () => statusView(state.data));
  setHandler(messages.memoryQuery, () => state.data);
  setHandler(messages.recheckSignal, () => {
    recheckDue ??= Math.max(Date.now(), lastRecheck + RECHECK_SPACING_MS);
  });
  setHandler(messages.configureSignal, (settings: unknown, start: unknown) => {
    const parsed = parse.parseSettings(settings);
    // Sent by each worker that starts: what is wrong is said again to whoever reads its log.
    problems.forget();
    if (parsed?.vpn !== name || parsed.instance !== state.data.settings.instance) {
      log.warn(`[${name}] signal configure ignored: not this VPN's settings`);
      return;
    }
    configure(state, parsed, typeof start === 'string' ? start : null, Date.now());
    state.publish(Date.now());
  });
  setHandler(messages.retireSignal, () => retire(state));
  setHandler(messages.handOverSignal, () => {
    isHandingOver = true;
  });
  setHandler(messages.resetBreakerSignal, (operation) => {
    const kinds = parse.parseBreakerKinds(operation);
    if (kinds) resetBreaker(state, kinds);
    else log.warn(`[${name}] signal resetBreaker ignored: expected nothing, 'general' or 'replacement'`);
  });
  setHandler(messages.replaceEngineUpdate, (request) => {
    const parsed = parse.parseReplaceRequest(request);
    if (!parsed) throw rejection(REQUEST_FORM);
    return forced(parsed);
  });
  setHandler(messages.replaceEngineSignal, (request) => {
    const parsed = parse.parseReplaceRequest(request);
    if (!parsed) {
      log.warn(`[${name}] signal replaceEngine ignored: ${REQUEST_FORM}`);
      return;
    }
    try {
      forced(parsed);
    } catch (error) {
      log.warn(`[${name}] signal replaceEngine ignored: ${errorMessage(error)}`);
    }
  });
  setHandler(messages.provisionEngineUpdate, (request) => {
    const parsed = parse.parseProvisionRequest(request);
    if (!parsed) throw rejection('expected requestId, labels, sealedEnv and httpPort', PROVISIONING_REFUSED);
    return takeUp(PROVISIONING_REFUSED, () => provision(state, parsed, Date.now()));
  });
  setHandler(messages.removeEngineUpdate, (request) => {
    const engine = parse.parseEngineName(request);
    if (state.data.retired) throw rejection(`VPN '${name}' is not configured any more`, NO_SUCH_ENGINE);
    if (engine === null) throw rejection('expected the id or name of an engine', NO_SUCH_ENGINE);
    return takeUp(NO_SUCH_ENGINE, () => remove(state, engine, Date.now()));
  });
  setHandler(messages.streamsSignal, (value) => {
    const parsed = parse.parseStreamEvents(value);
    if (!parsed || parsed.wrong > 0)
      log.warn(`[${name}] signal streams: ${parsed?.wrong ?? 'all'} ignored, not events of streams`);
    if (!parsed) return;
    const refused = streamsReported(state, parsed.events, Date.now());
    if (refused > 0) log.warn(`[${name}] ${refused} streams are not kept: there are too many at a time`);
    state.publish(Date.now());
  });
  setHandler(messages.setTargetSignal, (value) => {
    const engines = parse.parseEngineCount(value);
    if (engines === null) log.warn(`[${name}] signal setTarget ignored: expected a number of engines from 0 to 1000`);
    else setTarget(state, engines);
  });
  setHandler(messages.reportSignal, () => fleet.forget());
  setHandler(messages.collectGarbageSignal, () => collectGarbage(state));
  setHandler(messages.engineMadeSignal, (value) => {
    const message = parse.parseEngineMade(value);
    if (message && !isForeign(message)) engineMade(state, message, Date.now());
  });
  setHandler(messages.engineReadySignal, (value) => {
    const message = parse.parseEngineReady(value);
    if (message && isForeign(message)) return;
    const replacement = message && engineReady(state, message, Date.now());
    state.publish(Date.now());
    if (!replacement || !message) return;
    const seconds = ((Date.now() - replacement.startedAt) / 1000).toFixed(1);
    const { engine } = message;
    const what =
      engine.role === 'forwarded'
        ? `Forwarded engine ${engine.name} is ready on port ${engine.p2pPort}`
        : `Engine ${engine.name} is ready`;
    log.info(`[${name}] ${what}, ${seconds} s after the decision (${replacement.cause})`, {
      event: 'engine ready',
      replacement: replacement.id,
      engine: engine.id,
      port: engine.p2pPort,
      seconds: Number(seconds),
    });
  });
  setHandler(messages.engineLeftSignal, (value) => {
    const message = parse.parseEngineLeft(value);
    if (!message || isForeign(message)) return;
    const effect = engineLeft(state, message);
    if (effect) effects.push(effect);
  });
  setHandler(messages.replacementEndedSignal, (value) => {
    const message = parse.parseReplacementEnded(value);
    if (message) outside.ended(message);
  });
  setHandler(messages.leaveAskedSignal, (value) => {
    const message = parse.parseLeaveAsked(value);
    if (message && !isForeign(message)) leaveAsked(state, message);
  });
  setHandler(messages.attemptFailedSignal, (value) => {
    const message = parse.parseAttemptFailed(value);
    if (!message || isForeign(message)) return;
    const { opened, effect } = attemptFailed(state, message, Date.now());
    if (effect) effects.push(effect);
    if (opened !== null) announceBreaker(name, opened, state.data);
    metrics.follow(state.data, Date.now());
  });

  function forced(request: messages.ReplaceRequest): Replacement {
    try {
      const { replacement, effect } = force(state, forceRequest(request), Date.now());
      if (effect) {
        effects.push(effect);
        log.warn(
          `[${name}] Replacing engine ${replacement.old.map((e) => e.name).join(', ')}: forced${request.reason ? ` (${request.reason})` : ''}`,
          {
            event: 'replacement',
            replacement: replacement.id,
          },
        );
      }
      state.publish(Date.now());
      return replacement;
    } catch (error) {
      throw rejection(errorMessage(error));
    }
  }

  /** Takes up what an update changes in the state. An error of another kind would stop the workflow. */
  function takeUp(refusal: string, begin: () => Begun): Replacement {
    try {
      const { replacement, effect } = begin();
      if (effect) effects.push(effect);
      if (effect) announce(name, effect, state.data);
      state.publish(Date.now());
      return replacement;
    } catch (error) {
      throw rejection(errorMessage(error), refusal);
    }
  }

  /** Whether the message is of a former life of this workflow, whose replacements are still at work. */
  function isForeign(message: { readonly lineage: string; readonly number: number }): boolean {
    const { lineage, settings } = state.data;
    if (message.lineage === lineage) return false;
    heardFrom(state, message.lineage);
    void abandon(replacementWorkflowId(settings.instance, name, message.lineage, message.number));
    return true;
  }

  for (;;) {
    while (effects.length > 0) {
      const carriedOut = outside.carryOutAll(effects.splice(0));
      // In the same workflow task: what is awaited comes with another one.
      if (!state.data.retired) watch.keep(state.data);
      await carriedOut;
    }
    const silent = runningReplacements(state.data).filter((r) => (outside.askAgainAt(r) ?? Infinity) <= Date.now());
    await Promise.all(silent.map((r) => outside.askWhetherItRuns(r)));
    const plan = takeDecision(state, Date.now());
    effects.push(...plan.effects);
    for (const effect of plan.effects) announce(name, effect, state.data);
    state.publish(Date.now());
    metrics.follow(state.data, Date.now());
    notifier.keep();
    fleet.keep();
    problems.follow(problemOf(state.data), isWell(state.data), Date.now());
    setCurrentDetails(describeVpn(state.data, Date.now()));
    publishSearchAttributes(state.data, Date.now());
    if (effects.length > 0) continue;

    if (state.data.retired) {
      watch.stop();
      await Promise.all(runningReplacements(state.data).map(({ id }) => abandon(id)));
      // A VPN that is being restarted must not be left half-way.
      await condition(() => state.data.remedies.running === null && allHandlersFinished());
      return;
    }
    // A batch of news that is on its way would be sent again by the next run.
    const isTime = historyIsLong(notifier.isSending ? 2 : 1) || (isHandingOver && !notifier.isSending);
    if (isTime && mayContinueAsNew(state.data)) {
      watch.stop();
      await outside.handOver(runningReplacements(state.data));
      await condition(allHandlersFinished);
      const { data } = state;
      metrics.follow(data, Date.now());
      if (effects.length === 0)
        await continueAsNew<typeof vpn>({
          settings: data.settings,
          carried: carriedOver(data),
          measuring: metrics.pending,
          problem: problems.told,
          reported: fleet.reported,
        });
    }

    if (shouldPull(state.data) && !outside.pulling) void outside.pull();
    watch.keep(state.data);
    const { revision, streamVersion, fleetTarget, news: told } = state.data;
    const askAt = earliest(...runningReplacements(state.data).map((r) => outside.askAgainAt(r)));
    // Whatever is decided: from then on the last port is not shown as forwarded any more (I7).
    const expiry = portExpiry(state.data);
    const due = () =>
      earliest(
        plan.wakeAt,
        askAt,
        fleet.dueAt,
        expiry !== null && expiry > Date.now() ? expiry : null,
        recheckDue,
        problems.overAt,
      );
    const wakeAt = due();
    alarm.set(wakeAt);
    // What changes nothing makes a history longer, too.
    const wasLong = historyIsLong();
    const wasHandingOver = isHandingOver;
    const woken = () =>
      alarm.hasRung(wakeAt) ||
      (historyIsLong() && !wasLong) ||
      isHandingOver !== wasHandingOver ||
      watch.hasNews ||
      effects.length > 0 ||
      state.data.revision !== revision ||
      state.data.streamVersion !== streamVersion ||
      state.data.fleetTarget !== fleetTarget ||
      state.data.news !== told ||
      fleet.isDue ||
      problems.isNews(problemOf(state.data)) ||
      (shouldPull(state.data) && !outside.pulling) ||
      due() !== wakeAt;
    await condition(woken);

    if (recheckDue !== null && Date.now() >= recheckDue) {
      lastRecheck = Date.now();
      recheckDue = null;
      if (!watch.hasNews) watch.restart(state.data);
    }
    const news = watch.take();
    const before = state.data;
    const change = news && accept(state, news.observation, news.revision, Date.now());
    if (change) announceChange(name, change, state.data);
    announcePortBack(name, before, state.data);
    announceReconnect(name, before, state.data);
  }
}

const PROVISIONING_REFUSED = 'ProvisioningRefused';
const NO_SUCH_ENGINE = 'NoSuchEngine';
const REQUEST_FORM =
  'expected nothing, or an object with text in engine, reason and requestId, and with no other field';

function rejection(message: string, type = 'ReplacementRefused'): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}

function versioned<T>(version: string, since: string | null, value: () => T): Versioned<T> {
  return since === version ? { version, unchanged: true } : { version, unchanged: false, value: value() };
}

function forceRequest(request: messages.ReplaceRequest): ForceRequest {
  return { engine: request.engine ?? null, reason: request.reason ?? null, requestId: request.requestId ?? null };
}

function earliest(...instants: (number | null)[]): number | null {
  const known = instants.filter((at): at is number => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function mayContinueAsNew(data: VpnData): boolean {
  const { historyLength: events, historySize: bytes } = workflowInfo();
  return data.remedies.running === null && mayBeCarried(carriedOver(data), { events, bytes });
}

function isWell({ sight, blind }: VpnData): boolean {
  return blind === null && sight !== null && isHealthy(sight.vpn);
}

function shouldPull(data: VpnData): boolean {
  return data.sight !== null && !data.sight.imagePresent && data.settings.pullPolicy !== 'never';
}
