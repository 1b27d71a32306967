import { noPort } from '../../src/domain/vpn/timeline';
import { DAY, vpnStatus } from '../builders';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const URL = '/vpns/gluetun/timeline';

const START = DAY / 1000;

export function timelineCases(): void {
  afterEach(closeAll);

  test('the timeline has the states and the ended replacements', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerStatus = async () =>
      vpnStatus({
        timeline: {
          states: [
            [START, 65_290],
            [START + 60, noPort.down],
            [START + 90, noPort.none],
            [START + 95, noPort.unseen],
          ],
          ended: [
            [7, START + 30, 1.5, 4, 'forced'],
            [8, START + 40, null, 2, 'surplus'],
          ],
          seenAt: START + 95,
        },
      });
    const response = await (await api([vpn])).inject(URL);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      vpn: 'gluetun',
      since: '2026-01-02T03:04:05.000Z',
      states: [
        { from: '2026-01-02T03:04:05.000Z', state: 'forwarded', port: 65_290 },
        { from: '2026-01-02T03:05:05.000Z', state: 'down', port: null },
        { from: '2026-01-02T03:05:35.000Z', state: 'no port', port: null },
        { from: '2026-01-02T03:05:40.000Z', state: 'unknown', port: null },
      ],
      replacements: [
        {
          number: 7,
          cause: 'forced',
          started_at: '2026-01-02T03:04:35.000Z',
          ready_at: '2026-01-02T03:04:36.500Z',
          ended_at: '2026-01-02T03:04:39.000Z',
        },
        expect.objectContaining({ number: 8, ready_at: null }),
      ],
    });
  });

  test('the timeline of a VPN that was not observed yet is empty, of an unknown VPN a 404, of one that does not answer a 503', async () => {
    const silent = new VpnStandIn('gluetun2');
    silent.fail('deadline exceeded');
    const server = await api([new VpnStandIn('gluetun'), silent]);
    expect((await server.inject(URL)).json()).toEqual({ vpn: 'gluetun', since: null, states: [], replacements: [] });
    expect((await server.inject('/vpns/nowhere/timeline')).statusCode).toBe(404);
    const { statusCode, body } = await server.inject('/vpns/gluetun2/timeline');
    expect(statusCode).toBe(503);
    expect(body).toContain('deadline exceeded');
  });
}
