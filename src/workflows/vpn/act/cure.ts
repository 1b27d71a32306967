import { ApplicationFailure, CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { reconnectVpn, restartVpn } from '../../shared/activities';
import { failureMessage, rootCause } from '../../shared/failure-message';
import type { RemedyKind } from '../../../domain/vpn/remedy';
import type { Remedy, RemedyFailure } from '../decide/remedies';
import { remedyEnded, remedyFailing } from '../observe/remedy-reports';
import { growingPauses } from '../../../lib/growing-pauses';
import type { VpnState } from '../state';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/**
 * For how long a remedy is tried. A restart of the VPN inside its container is tried for long: it stops the VPN and starts it again, and
 * the VPN must not stay stopped because Docker is away for a while. A restart of the container is tried only for seconds: `remedies.ts`
 * asks for the next one after a pause.
 */
const TRIED_FOR_MS: Record<RemedyKind, number> = { 'restart VPN': 15 * 60_000, 'restart container': 5_000 };
/** Longer than the 10 s for which Docker waits by default until a container has stopped. */
const SLOW_AFTER_MS = 30_000;

/**
 * Tries a remedy until it works, can't work or its time is up. Each attempt is an activity of its own, without retries by Temporal: so
 * the state shows why the last attempt failed while the next one is due, and keeps that when the time is up.
 */
export async function cure(vpn: string, state: VpnState, remedy: Remedy): Promise<void> {
  const { kind } = remedy;
  for (const pauseMs of growingPauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)) {
    try {
      const needed = await attempt(vpn, state, remedy);
      remedyEnded(state, remedy, null, Date.now(), needed);
      return;
    } catch (error) {
      if (isCancellation(error)) throw error;
      const failure = failureOf(error);
      if (failure.kind !== 'failed' || Date.now() + pauseMs > remedy.startedAt + TRIED_FOR_MS[kind]) {
        remedyEnded(state, remedy, failure, Date.now());
        return;
      }
      remedyFailing(state, remedy, failure);
    }
    await sleep(pauseMs, { summary: `${vpn}: until the next attempt to ${kind}` });
  }
}

/** @returns false: the remedy was not needed any more */
async function attempt(vpn: string, state: VpnState, remedy: Remedy): Promise<boolean> {
  const { kind, reason, session } = remedy;
  const options = { summary: `${vpn}: ${kind}` };
  if (kind === 'restart VPN') {
    const mayBeStopped = state.data.remedies.halfDone === session;
    return reconnectVpn.executeWithOptions(options, [{ vpn, session, mayBeStopped }]);
  }
  const slow = new CancellationScope();
  void slow
    .run(() => sleep(SLOW_AFTER_MS, { summary: `${vpn}: until its restart counts as slow` }))
    .then(
      () => remedyFailing(state, remedy, { kind: 'failed', message: SLOW }),
      () => undefined,
    );
  try {
    return await restartVpn.executeWithOptions(options, [{ vpn, session, reason }]);
  } finally {
    slow.cancel();
  }
}

const SLOW = `Docker has not restarted it within ${SLOW_AFTER_MS / 1000} s: it waits for the container to stop, or hangs`;

const KINDS = { Refused: 'refused', VpnStopped: 'VPN stopped', ControlServerHangs: 'hangs' } as const;

function failureOf(error: unknown): RemedyFailure {
  const cause = rootCause(error);
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  const kind = Object.entries(KINDS).find(([name]) => name === type)?.[1] ?? 'failed';
  return { kind, message: failureMessage(error).slice(0, 300) };
}
