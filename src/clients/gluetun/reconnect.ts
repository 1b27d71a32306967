import { growingPauses } from '../../lib/growing-pauses';
import { pauseUntil } from '../../lib/pause';
import { ControlServerHangs, GluetunError, NotAccepted, VpnStopped } from './gluetun-error';

type Wanted = 'stopped' | 'running';

export interface Reconnection {
  /** The VPN's state, as the control server reports it. */
  readonly status: () => Promise<string>;
  /** Asks for a state of the VPN. Resolves with the outcome that the control server reports. */
  readonly put: (wanted: Wanted, timeoutMs: number, signal: AbortSignal) => Promise<string>;
  /** An earlier reconnection may have left the VPN stopped. Otherwise a stopped VPN stays stopped. */
  readonly mayBeStopped: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * A stop waits for Gluetun's down-command, which may take 60 s. Orders are queued meanwhile, and carried out even if
 * their sender has given up.
 */
const SHARE_OF_STOP = 0.5;
const SHARE_OF_ONE_START = 0.2;
const FIRST_PAUSE_MS = 250;
const PAUSE_AT_MOST_MS = 2_000;

/**
 * Stops the VPN and runs it again. Once the VPN may have been stopped, it is told to run until it says that it does,
 * if need be with one more attempt after `signal`: Docker calls a stopped VPN healthy, so nothing else would start
 * it.
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
 * Leaves a VPN alone that somebody has stopped or is stopping. If its state can't be read, it is taken for running.
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
    // A VPN that stays `stopping` is probably deadlocked.
    if (now !== 'stopping' || signal.aborted || performance.now() + pauseMs >= until) return;
    await pauseUntil(pauseMs, signal);
  }
}

/** Resolves with the reason why the VPN may not have been stopped; null if it was stopped. */
async function stop(put: Reconnection['put'], timeoutMs: number, signal: AbortSignal): Promise<GluetunError | null> {
  try {
    const outcome = await put('stopped', timeoutMs, signal);
    if (outcome === 'stopped' || outcome === 'already stopped') return null;
    // Starting or crashed: Gluetun is restarting the VPN by itself, and has ignored this order.
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
      // A last attempt with hardly any time left says nothing about the control server; the error before it does.
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
