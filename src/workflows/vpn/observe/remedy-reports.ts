import type { Instant } from '../../../domain/engine';
import { ended, failing, type Remedy, type RemedyFailure } from '../decide/remedies';
import type { VpnState } from '../state';
import { reconnectedByRemedy } from './seen';

/** An attempt of the running remedy has failed, or takes long, and it goes on. */
export function remedyFailing(state: VpnState, remedy: Remedy, failure: RemedyFailure): void {
  state.update({ remedies: failing(state.data.remedies, remedy, failure) });
}

/** @param failure null: it was carried out, or (`needed` is false) was not needed any more */
export function remedyEnded(
  state: VpnState,
  remedy: Remedy,
  failure: RemedyFailure | null,
  now: Instant,
  needed = true,
): void {
  const { port, remedies } = state.data;
  // That one stopped it to run it again is over, whatever the last snapshot caught of it.
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
