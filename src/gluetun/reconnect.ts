import { pauseUntil } from '../pause';
import { GluetunError, NotAccepted } from './gluetun-error';

type Wanted = 'stopped' | 'running';

export interface Reconnection {
  /** Asks for a status of the VPN and resolves with what the control server says came of it. */
  readonly put: (wanted: Wanted, timeoutMs: number, signal: AbortSignal) => Promise<string>;
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
  const { put, timeoutMs, signal } = reconnection;
  if (signal.aborted) throw new GluetunError('the VPN was not reconnected: that was called off before it began');
  const endsAt = performance.now() + timeoutMs;
  const problem = await stop(put, timeoutMs * SHARE_OF_STOP, signal);
  await runAgain(reconnection, endsAt);
  if (problem !== null) throw problem;
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
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_AT_MOST_MS)) {
    const left = endsAt - performance.now();
    let problem: string;
    try {
      const outcome = await put('running', Math.max(Math.min(left, timeoutMs * SHARE_OF_ONE_START), 1), untouchable);
      if (/^(already )?(running|starting)$/.test(outcome)) return;
      problem = `it is '${outcome}'`;
    } catch (error) {
      if (!(error instanceof GluetunError)) throw error;
      problem = error.message;
    }
    if (signal.aborted || performance.now() + pauseMs >= endsAt) {
      throw new GluetunError(
        `the VPN was stopped in order to reconnect it, and does not run again: ${problem}. If it stays so, restart its container`,
      );
    }
    await pauseUntil(pauseMs, signal);
  }
}
