import { api, closeAll, Later, turnTime } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const URL = '/vpns/gluetun/recheck';

export function recheckCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    jest.useRealTimers();
    await closeAll();
  });

  test('a hint is answered before the workflow has received it', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerRecheck = () => new Later<void>().promise;
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL });
    expect([response.statusCode, response.json()]).toEqual([202, { status: 'accepted' }]);
    expect(vpn.rechecked).toHaveLength(1);
  });

  test("a hint that can't be signalled is still a 202", async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerRecheck = () => Promise.reject(new Error('14 UNAVAILABLE'));
    expect((await (await api([vpn])).inject({ method: 'POST', url: URL })).statusCode).toBe(202);
  });

  test.each([
    ['application/json', '{"port":40648}'],
    ['application/json', 'not JSON'],
    ['application/x-www-form-urlencoded', 'port=40648'],
    ['text/plain', '40648'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['rubbish', '40648'],
    [undefined, '40648'],
    [undefined, undefined],
  ])('a hint with Content-Type %s and the body %s is accepted', async (type, payload) => {
    const vpn = new VpnStandIn('gluetun');
    const headers = type === undefined ? {} : { 'content-type': type };
    const request = payload === undefined ? { headers } : { headers, payload };
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL, ...request });
    expect(response.statusCode).toBe(202);
    expect(vpn.rechecked).toHaveLength(1);
  });

  test.each([
    ['if a key is set', ['k']],
    ['if no key is set, from a public address', []],
  ])('a hint needs no key %s', async (_what, keys) => {
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn], { access: { keys } });
    const response = await server.inject({ method: 'POST', url: URL, remoteAddress: '203.0.113.9' });
    expect([response.statusCode, vpn.rechecked.length]).toEqual([202, 1]);
  });

  test('of many hints at most one a second reaches the workflow, and the last hint is not lost', async () => {
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn]);
    for (let i = 0; i < 25; i++) {
      expect((await server.inject({ method: 'POST', url: URL })).statusCode).toBe(202);
      await jest.advanceTimersByTimeAsync(100);
    }
    await jest.advanceTimersByTimeAsync(5_000);
    const pauses = vpn.rechecked.slice(1).map((at, i) => at - (vpn.rechecked[i] ?? 0));
    expect(pauses).toEqual([1_000, 1_000, 1_000]);
  });

  test('hints for one VPN do not delay hints for another', async () => {
    const [one, two] = [new VpnStandIn('gluetun'), new VpnStandIn('gluetun2')];
    const server = await api([one, two]);
    await server.inject({ method: 'POST', url: URL });
    await server.inject({ method: 'POST', url: '/vpns/gluetun2/recheck' });
    expect([one.rechecked.length, two.rechecked.length]).toEqual([1, 1]);
  });

  test('a hint for a VPN that is not configured is a 404 with detail', async () => {
    const response = await (
      await api([new VpnStandIn('gluetun')])
    ).inject({ method: 'POST', url: '/vpns/other/recheck' });
    expect([response.statusCode, response.json()]).toEqual([404, { detail: "no VPN 'other' is configured" }]);
  });
}
