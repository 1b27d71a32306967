import { control } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const running = { port: 5001, startDelayMs: 0 };

test('v3.41.1 answers the port alone, several ports as a list alone, and redirects the old route', async () => {
  const vpn = await simulation.startVpn({ ...running, release: 'v3.41.1' });
  const port = async () => (await control(vpn, 'GET /v1/portforward')).body;
  await until('one port', async () => (await port()) === '{"port":5001}');
  expect(await control(vpn, 'GET /v1/openvpn/portforwarded')).toMatchObject({
    status: 301,
    location: '/v1/portforward',
  });
  expect(await control(vpn, 'PUT /v1/portforward', { body: { ports: [5002] } })).toMatchObject({ status: 405 });
  await vpn.changePort(5002, 5003);
  expect(await port()).toBe('{"ports":[5002,5003]}');
  await vpn.changePort(0);
  expect(await port()).toBe('{"port":0}');
});

test('master answers the port and the list, and takes ports by PUT', async () => {
  const vpn = await simulation.startVpn({ ...running, release: 'master' });
  const port = async () => (await control(vpn, 'GET /v1/portforward')).body;
  await until('one port', async () => (await port()) === '{"port":5001,"ports":[5001]}');
  expect(await control(vpn, 'PUT /v1/portforward', { body: { ports: [5002] } })).toMatchObject({ status: 200 });
  expect(await port()).toBe('{"port":5002,"ports":[5002]}');
  await vpn.changePort(0);
  expect(await port()).toBe('{"port":0,"ports":[]}');
});

test('a legacy release knows only the old route', async () => {
  const vpn = await simulation.startVpn({ ...running, release: 'legacy' });
  await until('the port', async () => (await control(vpn, 'GET /v1/openvpn/portforwarded')).body === '{"port":5001}');
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 404 });
});
