import type { Instant } from '../../../domain/engine';
import { ended, failing, type Remedy, type RemedyFailure } from '../decide/remedies';
import type { VpnState } from '../state';
import { reconnectedByRemedy } from './seen';

/** An attempt of the running remedy has failed or takes long, and the remedy goes on. */
export function remedyFailing(state: VpnState, remedy: Remedy, failure: RemedyFailure): void {
  state.update({ remedies: failing(state.data.remedies, remedy, failure) });
}

/** The remedy has ended. @param failure null: it was carried out or, where `needed` is false, was not needed any more */
export function remedyEnded(
  state: VpnState,
  remedy: Remedy,
  failure: RemedyFailure | null,
  now: Instant,
  needed = true,
): void {
  const { port, remedies } = state.data;
  // The remedy itself stops the VPN for a moment, which the last snapshot may show: that is over.
  const stopped =
    remedy.kind === 'restart VPN' && failure?.kind !== 'failed' ? failure?.kind === 'VPN stopped' : port.stopped;
  state.update({
    remedies: ended(remedies, remedy, failure, now),
    port: { ...port, stopped },
    ...(remedy.kind === 'restart VPN' && failure === null ? reconnectedByRemedy(state.data, now) : {}),
  });
  state.raise();
  state.emit({ kind: 'remedy ended', remedy, failure, needed }, now);
}
