import * as fc from 'fast-check';
import { recoveryEtaSeconds } from '../../src/domain/vpn/recovery';
import { recoveryOf } from '../../src/workflows/vpn/decide/recovery';
import { newVpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, presentVpn, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';

const S = 1_000;

/** A VPN that had outages of these lengths, and is down now. */
function after(...outages: number[]): VpnState {
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  let now = DAY;
  const observe = (health: 'healthy' | 'unhealthy') =>
    accept(state, snapshot(40_000, { vpn: presentVpn({ health }) }), state.data.revision, now);
  for (const ms of outages) {
    observe('unhealthy');
    now += ms;
    observe('healthy');
    now += 60 * S;
  }
  observe('unhealthy');
  return state;
}
const etaOf = (state: VpnState, elapsed: number) =>
  recoveryEtaSeconds(recoveryOf(state.data), (state.data.downSince ?? 0) + elapsed);

test('the first outage of a VPN is expected to be short, and longer the longer it lasts', () => {
  const etas = [0, 5, 30, 60, 120, 1_000].map((s) => etaOf(after(), s * S));
  expect(etas).toEqual([11, 6, 15, 30, 60, 120]);
});

test('a VPN whose health is checked seldom is expected back later, since that is not known before the next check', () => {
  const state = after();
  accept(
    state,
    snapshot(40_000, { vpn: presentVpn({ health: 'unhealthy', checkedEveryMs: 60 * S }) }),
    state.data.revision,
    (state.data.downSince ?? 0) + 1,
  );
  expect(etaOf(state, 0)).toBe(66);
});

test('a VPN is expected to take as long as in its last outages, apart from one long one', () => {
  expect(etaOf(after(20 * S, 22 * S, 900 * S), 0)).toBe(25);
  expect(etaOf(after(20 * S, 22 * S, 900 * S), 10 * S)).toBe(15);
  expect(etaOf(after(900 * S, 2 * S, 2 * S, 2 * S, 2 * S, 2 * S), 0)).toBe(5);
});

test('the estimate is 1 to 120 whole seconds, however the clocks are set', () => {
  fc.assert(
    fc.property(fc.option(fc.integer()), fc.nat(), fc.integer(), (since, usualMs, now) => {
      const eta = recoveryEtaSeconds({ since, usualMs }, now);
      expect(Number.isInteger(eta) && eta >= 1 && eta <= 120).toBe(true);
    }),
  );
});
