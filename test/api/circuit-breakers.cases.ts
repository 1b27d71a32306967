import { api, closeAll } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

const URL = '/health/circuit-breaker/reset';

export function circuitBreakersCases(): void {
  afterEach(closeAll);

  test.each([
    ['', null, 'circuit breakers reset'],
    ['?operation_type=', null, 'circuit breakers reset'],
    ['?operation_type=general', 'general', 'circuit breaker for general reset'],
    ['?operation_type=replacement', 'replacement', 'circuit breaker for replacement reset'],
  ])('POST %s closes the circuit breakers of every VPN', async (query, kind, message) => {
    const vpns = [new VpnStandIn('gluetun'), new VpnStandIn('gluetun2')];
    const response = await (await api(vpns)).inject({ method: 'POST', url: `${URL}${query}` });
    expect([response.statusCode, response.json()]).toEqual([200, { message }]);
    expect(vpns.map((v) => v.reset)).toEqual([[kind], [kind]]);
  });

  test('an unknown operation type is a 422, and nothing is reset', async () => {
    const vpn = new VpnStandIn('gluetun');
    const response = await (await api([vpn])).inject({ method: 'POST', url: `${URL}?operation_type=all` });
    expect(response.statusCode).toBe(422);
    expect(vpn.reset).toEqual([]);
  });

  test('a reset needs the key if one is set', async () => {
    const server = await api([new VpnStandIn('gluetun')], { access: { keys: ['k'] } });
    expect((await server.inject({ method: 'POST', url: URL })).statusCode).toBe(401);
  });

  test('a VPN whose workflow could not be signalled is named in a 503', async () => {
    const vpns = [new VpnStandIn('gluetun'), new VpnStandIn('gluetun2')];
    for (const vpn of vpns.slice(1)) vpn.answerSignal = () => Promise.reject(new Error('14 UNAVAILABLE'));
    const response = await (await api(vpns)).inject({ method: 'POST', url: URL });
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toContain('gluetun2');
  });
}
