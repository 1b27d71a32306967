import { ServiceError } from '@temporalio/client';
import { api, closeAll, FleetStandIn } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

async function scale(demand: string, fleet = new FleetStandIn()) {
  const server = await api([new VpnStandIn('gluetun')], { fleet, pool: { minReplicas: 2, maxReplicas: 20 } });
  const response = await server.inject({ method: 'POST', url: `/scale/${demand}` });
  return { response, scaled: fleet.scaled };
}

export function poolCases(): void {
  afterEach(closeAll);

  test.each([
    ['5', 5],
    ['20', 20],
    ['1', 2],
    ['0', 2],
  ])(
    'POST /scale/%s is sent to the fleet, and answers with the number of engines that there will be',
    async (demand, scaledTo) => {
      const { response, scaled } = await scale(demand);
      expect([response.statusCode, response.json()]).toEqual([200, { scaled_to: scaledTo }]);
      expect(scaled).toEqual([scaledTo]);
    },
  );

  test('more than MAX_REPLICAS is refused with max_capacity, and is not sent to the fleet', async () => {
    const { response, scaled } = await scale('21');
    expect([response.statusCode, response.json()]).toEqual([
      503,
      {
        detail: {
          error: 'provisioning_blocked',
          code: 'max_capacity',
          message: '21 engines were requested, and the limit is 20 (MAX_REPLICAS)',
          recovery_eta_seconds: null,
          can_retry: false,
          should_wait: false,
        },
      },
    ]);
    expect(scaled).toEqual([]);
  });

  test('more than MAX_ACTIVE_REPLICAS is refused, too, if that is lower', async () => {
    const pool = { minReplicas: 2, maxReplicas: 20, maxActiveReplicas: 10 };
    const fleet = new FleetStandIn();
    const server = await api([new VpnStandIn('gluetun')], { fleet, pool });
    const response = await server.inject({ method: 'POST', url: '/scale/11' });
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({
      detail: { message: '11 engines were requested, and the limit is 10 (MAX_ACTIVE_REPLICAS)' },
    });
    expect(fleet.scaled).toEqual([]);
  });

  test('an empty body with a Content-Type counts as no body', async () => {
    const server = await api([new VpnStandIn('gluetun')], { fleet: new FleetStandIn() });
    const headers = { 'content-type': 'application/json' };
    const response = await server.inject({ method: 'POST', url: '/gc', headers, payload: '' });
    expect(response.statusCode).toBe(200);
  });

  test.each(['-1', '1.5', 'many', '1e3', '0x10', '%20', '99999999999999999999'])(
    'POST /scale/%s is a 422, and is not sent to the fleet',
    async (demand) => {
      const { response, scaled } = await scale(demand);
      expect(response.statusCode).toBe(422);
      expect(detail(response)).toBe('params/demand: expected a whole number from 0 to 20');
      expect(scaled).toEqual([]);
    },
  );

  test('a number of engines that Temporal does not take is a 503 with the reason', async () => {
    const fleet = new FleetStandIn();
    fleet.answer = () => Promise.reject(new ServiceError('Failed to signal', { cause: new Error('14 UNAVAILABLE') }));
    const { response } = await scale('5', fleet);
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({
      detail: {
        ...{ error: 'provisioning_blocked', code: 'general_error', can_retry: true, should_wait: true },
        message: expect.stringContaining(
          'Temporal did not take the request: the Temporal server does not answer: check that it runs',
        ),
      },
    });
  });

  test('POST /gc lets every VPN remove idle engines', async () => {
    const vpns = [new VpnStandIn('gluetun'), new VpnStandIn('gluetun2')];
    const response = await (await api(vpns)).inject({ method: 'POST', url: '/gc' });
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'ok' }]);
    expect(vpns.map((v) => v.collected)).toEqual([1, 1]);
  });

  test('a VPN whose workflow could not be signalled is named in a 503', async () => {
    const vpns = [new VpnStandIn('gluetun'), new VpnStandIn('gluetun2')];
    for (const vpn of vpns.slice(1)) vpn.answerSignal = () => Promise.reject(new Error('14 UNAVAILABLE'));
    const response = await (await api(vpns)).inject({ method: 'POST', url: '/gc' });
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toContain('gluetun2');
  });

  test.each(['/scale/5', '/gc'])('POST %s needs the key if one is set', async (url) => {
    const fleet = new FleetStandIn();
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn], { fleet, access: { keys: ['k'] } });
    expect((await server.inject({ method: 'POST', url })).statusCode).toBe(401);
    expect([fleet.scaled, vpn.collected]).toEqual([[], 0]);
  });
}
