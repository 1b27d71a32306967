import { problemOf } from '../../src/workflows/problems';
import { newVpnData, type VpnData } from '../../src/workflows/vpn-data';
import { presentVpn, sight, vpnSettings } from '../builders';

type Vpn = Parameters<typeof presentVpn>[0];

/** A VPN that is in order, but for this. */
function problem(vpn: Vpn, change: Partial<VpnData> = {}): string | null {
  return problemOf({
    ...newVpnData(vpnSettings(), 'abcdef12'),
    sight: sight(65_290, { vpn: presentVpn(vpn) }),
    ...change,
  });
}

test('a VPN that is in order has none', () => {
  expect(problem({})).toBeNull();
});

test('a forwarded port that Gluetun redirects to another one reaches no engine: which variable does it is said', () => {
  expect(problem({ redirectedTo: [6_881] })).toMatch(
    /to 6881, where no engine listens.*VPN_PORT_FORWARDING_LISTENING_PORT/,
  );
});
