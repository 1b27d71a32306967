import type { SimulatedVpn } from '../../simulator/vpn-container';
import { control } from './control';
import { Simulation } from './simulation';

const simulation = new Simulation();
let vpn: SimulatedVpn;
beforeAll(async () => {
  vpn = await simulation.startVpn({ startDelayMs: 0, auth: { mode: 'apikey', key: 'secret' } });
});
afterAll(() => simulation.remove());

async function statuses(headers: Record<string, string> = {}): Promise<number[]> {
  const routes = ['GET /v1/portforward', 'GET /v1/vpn/status', 'GET /v1/publicip/ip'];
  return Promise.all(routes.map(async (route) => (await control(vpn, route, { headers })).status));
}

function basic(credentials: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

test('with an api key, set at the start, only that key is let in', async () => {
  expect(await statuses()).toEqual([401, 401, 401]);
  expect(await statuses({ 'x-api-key': 'wrong' })).toEqual([401, 401, 401]);
  expect(await statuses({ 'x-api-key': 'secret' })).toEqual([200, 200, 200]);
});

test('with basic auth, set later, only that user and password are let in', async () => {
  await vpn.setAuth({ mode: 'basic', user: 'me', password: 'secret' });
  expect(await statuses({ 'x-api-key': 'secret' })).toEqual([401, 401, 401]);
  expect(await statuses(basic('me:wrong'))).toEqual([401, 401, 401]);
  expect(await statuses(basic('me:secret'))).toEqual([200, 200, 200]);
});

test('without auth everyone is let in, and an unconfigured v3.41.1 is open', async () => {
  await vpn.setAuth({ mode: 'none' });
  expect(await statuses()).toEqual([200, 200, 200]);
  await vpn.setAuth({ mode: 'unconfigured' });
  expect(await statuses()).toEqual([200, 200, 200]);
});

test('an unconfigured master lets no one in', async () => {
  const master = await simulation.startVpn({ release: 'master', auth: { mode: 'unconfigured' } });
  expect(await control(master, 'GET /v1/portforward')).toMatchObject({ status: 401, body: 'Unauthorized' });
});
