import { control } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
afterAll(() => simulation.remove());

const running = { port: 5001, startDelayMs: 0 };

test('v3.41.1 answers a single port as `port`, several only as a list, and redirects the old route', async () => {
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

test('v3.40.0 knows only the old route, and refuses the others', async () => {
  const vpn = await simulation.startVpn({ ...running, release: 'v3.40.0' });
  await until('the port', async () => (await control(vpn, 'GET /v1/openvpn/portforwarded')).body === '{"port":5001}');
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 401 });
});

test('the older route of the status does what the current one does', async () => {
  const vpn = await simulation.startVpn(running);
  await until('the tunnel', async () => (await vpn.state()).status === 'running');
  const put = { body: { status: 'stopped' } };
  expect((await control(vpn, 'PUT /v1/openvpn/status', put)).body).toBe('{"outcome":"stopped"}');
  expect((await control(vpn, 'GET /v1/vpn/status')).body).toBe('{"status":"stopped"}');
});

test('an upgrade without configuration answers 401, and gives the port again with a key', async () => {
  const vpn = await simulation.startVpn({ ...running, auth: { mode: 'unconfigured' } });
  await until('the port', async () => (await control(vpn, 'GET /v1/portforward')).body === '{"port":5001}');
  const before = vpn.containerId;
  await vpn.upgrade('master');
  expect(vpn.containerId).not.toBe(before);
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 401 });
  await vpn.setAuth({ mode: 'apikey', key: 'secret' });
  await until('the port', async () => {
    const { body } = await control(vpn, 'GET /v1/portforward', { headers: { 'x-api-key': 'secret' } });
    return body === '{"port":5001,"ports":[5001]}';
  });
});
