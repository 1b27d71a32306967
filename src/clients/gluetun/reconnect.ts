import { growingPauses, pauseUntil } from '../../lib/pause';
import { ControlServerHangs, GluetunError, NotAccepted, VpnStopped } from './gluetun-error';

type Wanted = 'stopped' | 'running';

export interface Reconnection {
  /** How the VPN is, as the control server says. */
  readonly status: () => Promise<string>;
  /** Asks for a status of the VPN and resolves with what the control server says came of it. */
  readonly put: (wanted: Wanted, timeoutMs: number, signal: AbortSignal) => Promise<string>;
  /** An earlier reconnection may have left the VPN stopped. Otherwise a VPN that is stopped is left so. */
  readonly mayBeStopped: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A stop waits for the down-command, which may take 60 s. What is sent then is queued, whether or not its sender waits. */
const SHARE_OF_STOP = 0.5;
const SHARE_OF_ONE_START = 0.2;
const FIRST_PAUSE_MS = 250;
const PAUSE_AT_MOST_MS = 2_000;

/**
 * Stops the VPN and runs it again. Once it may have been stopped it is told to run until it says so, even when that
 * outlives `signal` by one try: a VPN that is left stopped stays healthy to Docker, and nothing would start it.
 * @throws GluetunError
 */
export async function reconnect(reconnection: Reconnection): Promise<void> {
  const { put, mayBeStopped, timeoutMs, signal } = reconnection;
  if (signal.aborted) throw new GluetunError('the VPN was not reconnected: that was called off before it began');
  const endsAt = performance.now() + timeoutMs;
  if (!mayBeStopped) await leaveStopped(reconnection, endsAt - timeoutMs * (1 - SHARE_OF_STOP));
  const problem = await stop(put, Math.max(endsAt - performance.now(), 1) * SHARE_OF_STOP, signal);
  await runAgain(reconnection, endsAt);
  if (problem !== null) throw problem;
}

/**
 * A VPN that somebody has stopped, or is stopping, stays so. One of which that can't be read is taken for one that runs.
 * @throws VpnStopped
 */
async function leaveStopped({ status, signal }: Reconnection, until: number): Promise<void> {
  for (const pauseMs of growingPauses(FIRST_PAUSE_MS, PAUSE_AT_MOST_MS)) {
    let now: string;
    try {
      now = await status();
    } catch (error) {
      if (error instanceof GluetunError) return;
      throw error;
    }
    if (now === 'stopped') throw new VpnStopped();
    // One that stays `stopping` is what a deadlock of Gluetun's looks like.
    if (now !== 'stopping' || signal.aborted || performance.now() + pauseMs >= until) return;
    await pauseUntil(pauseMs, signal);
  }
}

/** Resolves with why the VPN may not have been stopped. */
async function stop(put: Reconnection['put'], timeoutMs: number, signal: AbortSignal): Promise<GluetunError | null> {
  try {
    const outcome = await put('stopped', timeoutMs, signal);
    if (outcome === 'stopped' || outcome === 'already stopped') return null;
    // Starting or crashed: Gluetun is at it by itself, and has not heeded this.
    return new GluetunError(`the VPN could not be stopped in order to reconnect it: it is '${outcome}'`);
  } catch (error) {
    if (error instanceof NotAccepted || !(error instanceof GluetunError)) throw error;
    return error;
  }
}

async function runAgain({ put, timeoutMs, signal }: Reconnection, endsAt: number): Promise<void> {
  const untouchable = new AbortController().signal;
  const tryMs = timeoutMs * SHARE_OF_ONE_START;
  let isDeadlocked = true;
  let problem = '';
  for (const pauseMs of growingPauses(FIRST_PAUSE_MS, PAUSE_AT_MOST_MS)) {
    const left = endsAt - performance.now();
    try {
      const outcome = await put('running', Math.max(Math.round(Math.min(left, tryMs)), 1), untouchable);
      if (/^(already )?(running|starting)$/.test(outcome)) return;
      isDeadlocked &&= outcome === 'already stopping';
      problem = `it is '${outcome}'`;
    } catch (error) {
      if (!(error instanceof GluetunError)) throw error;
      isDeadlocked &&= error.failure === 'timeout';
      // A last try with hardly any time left says nothing of the control server; what came before it does.
      if (problem === '' || left >= tryMs || error.failure !== 'timeout') problem = error.message;
    }
    if (signal.aborted || performance.now() + pauseMs >= endsAt) {
      if (isDeadlocked && !signal.aborted) throw new ControlServerHangs(Math.round(timeoutMs / 1000));
      throw new GluetunError(
        `the VPN was stopped in order to reconnect it, and does not run again: ${problem}. If it stays so, restart its container`,
      );
    }
    await pauseUntil(pauseMs, signal);
  }
}
