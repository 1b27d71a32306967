import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { replacementWorkflowId } from '../domain/names';
import { isHealthy } from '../domain/observation';
import type { Replacement, ReplacementInput } from '../domain/replacement';
import type { VpnSettings } from '../domain/settings';
import { pullImage } from './activities';
import { announce, announceChange, announceProblem } from './announce';
import { describeVpn, publishSearchAttributes, summary } from './appearance';
import * as messages from './messages';
import * as parse from './parse';
import type { replaceEngine } from './replace-engine';
import { Watch } from './watch';
import { newVpnData, portExpiry, runningReplacements, validPort, type VpnData } from './vpn-data';
import { VpnState, type Effect, type ForceRequest } from './vpn-state';

const RECHECK_SPACING_MS = 1_000;
const PULL_AGAIN_MS = 60_000;
/** A replacement that is at work for so long is asked whether it still runs. */
const ASK_AGAIN_MS = 60_000;

export interface VpnInput {
  readonly settings: VpnSettings;
  /** State of the run before this one, when the workflow continued as new. */
  readonly carried?: VpnData;
}

/**
 * Keeps one VPN's engines as they should be, for as long as the VPN is configured: observe, decide, act. It wires
 * messages and activities to `VpnState`; what happens and why is there and in `decide`.
 */
export async function vpn(input: VpnInput): Promise<void> {
  const state = new VpnState(input.carried ?? newVpnData(input.settings, uuid4().slice(0, 8)));
  const name = input.settings.vpn;
  const watch = new Watch();
  const effects: Effect[] = [];
  let recheckDue: number | null = null;
  let lastRecheck = 0;
  const lastAsked = new Map<number, number>();
  let pulling = false;
  let toldProblem = state.data.problem;

  setHandler(messages.enginesQuery, (since) => {
    const version = `${state.data.lineage}:${state.data.listVersion}`;
    if (since === version) return { version, unchanged: true };
    return { version, unchanged: false, engines: state.list(Date.now()) };
  });
  setHandler(messages.stateQuery, () => ({
    ...state.data,
    validPort: validPort(state.data, Date.now()),
    healthy: state.data.sight !== null && isHealthy(state.data.sight.vpn),
  }));
  setHandler(messages.recheckSignal, () => {
    recheckDue ??= Math.max(Date.now(), lastRecheck + RECHECK_SPACING_MS);
  });
  setHandler(messages.configureSignal, (settings: unknown) => {
    const parsed = parse.parseSettings(settings);
    // Sent by each worker that starts: what is wrong is said again to whoever reads its log.
    toldProblem = null;
    if (parsed) state.configure(parsed);
    else log.warn(`[${name}] signal configure ignored: not a VPN's settings`);
  });
  setHandler(messages.retireSignal, () => state.retire());
  setHandler(messages.replaceEngineUpdate, (request) => force(request), {
    validator: (request) => {
      const parsed = parse.parseReplaceRequest(request);
      if (!parsed) throw rejection(REQUEST_FORM);
      const refusal = state.refusal(forceRequest(parsed));
      if (refusal !== null) throw rejection(refusal);
    },
  });
  setHandler(messages.replaceEngineSignal, (request) => {
    const parsed = parse.parseReplaceRequest(request);
    if (!parsed) {
      log.warn(`[${name}] signal replaceEngine ignored: ${REQUEST_FORM}`);
      return;
    }
    try {
      force(parsed);
    } catch (error) {
      log.warn(`[${name}] signal replaceEngine ignored: ${errorMessage(error)}`);
    }
  });
  setHandler(messages.engineReadySignal, (value) => {
    const message = parse.parseEngineReady(value);
    if (message && isForeign(message)) return;
    const replacement = message && state.engineReady(message, Date.now());
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
  setHandler(messages.replacementEndedSignal, (value) => {
    const message = parse.parseReplacementEnded(value);
    const replacement = message && state.replacementEnded(message, Date.now());
    if (!replacement) return;
    const seconds = ((Date.now() - replacement.startedAt) / 1000).toFixed(1);
    log.info(`[${name}] Replacement ${replacement.number} complete after ${seconds} s`, {
      event: 'replacement ended',
      replacement: replacement.id,
      seconds: Number(seconds),
    });
  });
  setHandler(messages.attemptFailedSignal, (value) => {
    const message = parse.parseAttemptFailed(value);
    if (message && !isForeign(message)) state.attemptFailed(message);
  });

  function force(request: messages.ReplaceRequest): Replacement {
    try {
      const { replacement, effect } = state.force(forceRequest(request), Date.now());
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

  async function carryOut(effect: Effect): Promise<void> {
    const { replacement } = effect;
    try {
      if (effect.kind === 'start') await begin(state.data, replacement);
      else await getExternalWorkflowHandle(replacement.id).signal(messages.retargetSignal, effect.target);
    } catch (error) {
      // Ended or terminated meanwhile, or an id still in use: the next look finds what is missing.
      log.warn(`[${name}] replacement ${replacement.id} can't be reached: ${errorMessage(error)}`);
      state.lost(replacement.number, Date.now());
    }
  }

  /** Someone may have terminated it; it would be waited for without end. */
  async function askWhetherItRuns(replacement: Replacement): Promise<void> {
    lastAsked.set(replacement.number, Date.now());
    try {
      await getExternalWorkflowHandle(replacement.id).signal(messages.retargetSignal, null);
    } catch {
      log.warn(`[${name}] replacement ${replacement.id} has ended before its time`);
      state.lost(replacement.number, Date.now());
    }
  }

  /** Whether the message is of a former life of this workflow, whose replacements are still at work. */
  function isForeign(message: { readonly lineage: string; readonly number: number }): boolean {
    const { lineage, settings } = state.data;
    if (message.lineage === lineage) return false;
    void abandon(replacementWorkflowId(settings.instance, name, message.lineage, message.number));
    return true;
  }

  function askAgainAt(replacement: Replacement): number {
    return (lastAsked.get(replacement.number) ?? replacement.startedAt) + ASK_AGAIN_MS;
  }

  async function pull(): Promise<void> {
    pulling = true;
    const { image } = state.data.settings;
    try {
      await pullImage.executeWithOptions({ summary: `${name}: pull ${image}` }, [{ image }]);
    } catch (error) {
      state.pullFailed(rootMessage(error));
      await sleep(PULL_AGAIN_MS, { summary: 'until the image is pulled again' });
    }
    pulling = false;
  }

  // One that ended while this workflow continued as new may not have been heard.
  if (input.carried) await Promise.all(runningReplacements(input.carried).map(askWhetherItRuns));

  for (;;) {
    while (effects.length > 0) await Promise.all(effects.splice(0).map(carryOut));
    const silent = runningReplacements(state.data).filter((r) => askAgainAt(r) <= Date.now());
    await Promise.all(silent.map(askWhetherItRuns));
    const plan = state.act(Date.now());
    effects.push(...plan.effects);
    for (const effect of plan.effects) announce(name, effect);
    state.publish(Date.now());
    toldProblem = announceProblem(name, toldProblem, state.data.problem);
    setCurrentDetails(describeVpn(state.data, Date.now()));
    publishSearchAttributes(state.data, Date.now());
    if (effects.length > 0) continue;

    if (state.data.retired) {
      watch.stop();
      await Promise.all(runningReplacements(state.data).map(({ id }) => abandon(id)));
      await condition(allHandlersFinished);
      return;
    }
    if (workflowInfo().continueAsNewSuggested) {
      watch.stop();
      await condition(allHandlersFinished);
      if (effects.length === 0) await continueAsNew<typeof vpn>({ settings: state.data.settings, carried: state.data });
    }

    if (shouldPull(state.data) && !pulling) void pull();
    watch.keep(state.data);
    const { revision } = state.data;
    const askAt = earliest(...runningReplacements(state.data).map(askAgainAt));
    // Whatever is decided: from then on the last port is not shown as forwarded any more (I7).
    const expiry = portExpiry(state.data);
    const due = () => earliest(plan.wakeAt, askAt, expiry !== null && expiry > Date.now() ? expiry : null, recheckDue);
    const wakeAt = due();
    const woken = () =>
      watch.hasNews ||
      effects.length > 0 ||
      state.data.revision !== revision ||
      state.data.problem !== toldProblem ||
      (shouldPull(state.data) && !pulling) ||
      due() !== wakeAt;
    if (wakeAt === null) await condition(woken);
    else if (wakeAt > Date.now()) await condition(woken, wakeAt - Date.now());

    if (recheckDue !== null && Date.now() >= recheckDue) {
      lastRecheck = Date.now();
      recheckDue = null;
      if (!watch.hasNews) watch.restart(state.data);
    }
    const news = watch.take();
    const change = news && state.accept(news.observation, news.revision);
    if (change) announceChange(name, change);
  }
}

const REQUEST_FORM =
  'expected nothing, or an object with text in engine, reason and requestId, and with no other field';

function rejection(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'ReplacementRefused');
}

function forceRequest(request: messages.ReplaceRequest): ForceRequest {
  return { engine: request.engine ?? null, reason: request.reason ?? null, requestId: request.requestId ?? null };
}

/** What lies beneath Temporal's wrapping. */
function rootMessage(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? rootMessage(error.cause) : errorMessage(error);
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function earliest(...instants: (number | null)[]): number | null {
  const known = instants.filter((at): at is number => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function shouldPull(data: VpnData): boolean {
  return data.sight !== null && !data.sight.imagePresent && data.settings.pullPolicy !== 'never';
}

/** A replacement that nobody waits for goes on trying without end, and may work against whoever comes next. */
async function abandon(replacementId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(replacementId).signal(messages.abandonSignal);
  } catch {
    // It has ended.
  }
}

async function begin(data: VpnData, replacement: Replacement): Promise<void> {
  const { instance, vpn: name, evictionGraceMs, stopTimeoutS, startupTimeoutMs } = data.settings;
  const { number, cause, reason, old, target } = replacement;
  const input: ReplacementInput = {
    instance,
    vpn: name,
    lineage: data.lineage,
    number,
    cause,
    reason,
    old,
    target,
    evictionGraceMs,
    stopTimeoutS,
    startupTimeoutMs,
  };
  await startChild<typeof replaceEngine>('replaceEngine', {
    workflowId: replacement.id,
    args: [input],
    // It outlives this run: continue-as-new would take it along otherwise.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: summary(name, replacement),
  });
}
