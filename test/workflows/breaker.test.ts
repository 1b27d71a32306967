import { breakerKey, withBreaker, withEngineUp, withFailure } from '../../src/workflows/vpn/decide/breaker';
import { breakerState } from '../../src/domain/vpn/breaker';
import { allowance, trialAt } from '../../src/workflows/vpn/requests/provisioning-allowance';
import { newVpnData } from '../../src/workflows/vpn/data';
import { vpnSettings } from '../builders';

const key = breakerKey('engine died', 'plain');
const limits = { threshold: 2, recoveryMs: 1_000 };
const fresh = newVpnData(vpnSettings({ breakers: { general: limits, replacement: limits } }), 'abcdef12');

/** State of the breaker after these failures. */
function failedAt(...times: readonly number[]) {
  const breaker = times.reduce((before, at) => withFailure(before, limits, at), fresh.breakers.plain.replacement);
  return { ...fresh, breakers: withBreaker(fresh.breakers, key, breaker) };
}

test('after the recovery time one engine is tried: a failure opens the breaker again, a success closes it', () => {
  expect(breakerState(trialAt(failedAt(0), key), 10)).toBe('closed');
  const open = failedAt(0, 10);
  expect([breakerState(trialAt(open, key), 1_009), allowance(open, key, 1_009)]).toEqual(['open', 0]);
  expect([breakerState(trialAt(open, key), 1_010), allowance(open, key, 1_010)]).toEqual(['half_open', 1]);

  const again = failedAt(0, 10, 1_500);
  expect([breakerState(trialAt(again, key), 2_499), breakerState(trialAt(again, key), 2_500)]).toEqual([
    'open',
    'half_open',
  ]);
  const well = { ...again, breakers: withEngineUp(again.breakers, key, 2_600) };
  expect([breakerState(trialAt(well, key), 2_600), allowance(well, key, 2_600)]).toEqual(['closed', Infinity]);
  expect(well.breakers.plain.replacement).toMatchObject({ failures: 0, lastSuccessAt: 2_600 });
});
