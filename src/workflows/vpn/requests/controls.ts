import type { Instant } from '../../../domain/engine';
import type { VpnSettings } from '../../../domain/settings';
import type { BreakerKind } from '../../../domain/vpn/breaker';
import { breakerKeys, reset, withBreaker } from '../decide/breaker';
import { targetOf } from '../pool-state';
import { withoutWorker } from '../report/timeline';
import type { VpnState } from '../state';

// Settings, targets and circuit breakers: what the worker, the fleet and people set for the whole VPN.

/** @param start names the start of the worker: after another one a new snapshot is needed; null: it is not known, and counts as another */
export function configure(state: VpnState, settings: VpnSettings, start: string | null, now: Instant): void {
  const { remedies, workerStart, timeline } = state.data;
  if (start === null || start !== workerStart) {
    state.update({ workerStart: start, current: false, timeline: withoutWorker(timeline, now) });
    state.raise();
  }
  // A worker that starts may have the key for the control server whose lack made the last restart fail.
  const { last, vpnRestarts } = remedies;
  if (last?.remedy.kind === 'restart VPN' && last.error !== null && vpnRestarts > 0) {
    state.update({ remedies: { ...remedies, vpnRestarts: 0 } });
    state.raise();
  }
  if (JSON.stringify(settings) === JSON.stringify(state.data.settings)) return;
  state.update({ settings });
  state.raise();
}

export function retire(state: VpnState): void {
  state.update({ retired: true });
  state.raise();
}

/** The fleet sets how many engines this VPN keeps. */
export function setTarget(state: VpnState, engines: number): void {
  const { fleetTarget, toAdd } = state.data;
  if (engines === fleetTarget) return;
  state.update({ fleetTarget: engines, toAdd: Math.max(0, toAdd + engines - targetOf(state.data)) });
}

export function collectGarbage(state: VpnState): void {
  state.update({ collecting: true });
  state.advance();
}

/** Closes circuit breakers. */
export function resetBreaker(state: VpnState, kinds: readonly BreakerKind[]): void {
  const meant = breakerKeys.filter(({ kind }) => kinds.includes(kind));
  const all = state.data.breakers;
  const breakers = meant.reduce((so, key) => withBreaker(so, key, reset(all[key.role][key.kind])), all);
  state.update({ breakers });
  state.raise();
}
