import type { SimulatedVpn } from '../../simulator/vpn-container';
import { control, reportedPort } from './control';
import { Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
let vpn: SimulatedVpn;
beforeAll(async () => {
  vpn = await simulation.startVpn({ port: 5001, startDelayMs: 0 });
  await until('the port', async () => (await reportedPort(vpn)) === 5001);
});
afterEach(async () => {
  // After each fault everything works again.
  await vpn.setFault(null);
  await until('the port again', async () => (await reportedPort(vpn)) === 5001);
});
afterAll(() => simulation.remove());

test('500 answers 500 on every route', async () => {
  await vpn.setFault({ kind: '500' });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 500 });
  expect(await control(vpn, 'GET /v1/vpn/status')).toMatchObject({ status: 500 });
});

test('401 answers 401 although no auth is asked for', async () => {
  await vpn.setFault({ kind: '401' });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 401 });
});

test('301 redirects to the same path, or to the given location', async () => {
  await vpn.setFault({ kind: '301' });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 301, location: '/v1/portforward' });
  await vpn.setFault({ kind: '301', location: 'http://elsewhere/' });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 301, location: 'http://elsewhere/' });
});

test.each(['/v1/openvpn/portforwarded', '/v1/portforward'])('301 to %s gives the port there', async (location) => {
  const paths = ['/v1/portforward', '/v1/openvpn/portforwarded'];
  const asked = paths.find((path) => path !== location);
  await vpn.setFault({ kind: '301', location });
  expect(await control(vpn, `GET ${asked}`)).toMatchObject({ status: 301, location });
  expect(await control(vpn, `GET ${location}`)).toMatchObject({ status: 200, body: '{"port":5001}' });
});

test('garbage answers with the given body', async () => {
  await vpn.setFault({ kind: 'garbage', body: '<html>' });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 200, body: '<html>' });
});

test('garbage answers 200 with a body that is not JSON', async () => {
  await vpn.setFault({ kind: 'garbage' });
  const { status, body } = await control(vpn, 'GET /v1/portforward');
  expect(status).toBe(200);
  expect(() => JSON.parse(body)).toThrow(SyntaxError);
});

test('a hang answers nothing until the fault ends, and then gives the right answer', async () => {
  await vpn.setFault({ kind: 'hang' });
  const answer = control(vpn, 'GET /v1/portforward');
  const waiting = await until('the request', async () =>
    (await vpn.requests()).find(({ path, status }) => path === '/v1/portforward' && status === null),
  );
  await expect(control(vpn, 'GET /v1/vpn/status', { limitMs: 300 })).rejects.toThrow('timeout');
  await vpn.setFault(null);
  expect(await answer).toMatchObject({ status: 200, body: '{"port":5001}' });
  const logged = (await vpn.requests()).find(({ at }) => at === waiting.at);
  expect((logged?.answeredAt ?? 0) - waiting.at).toBeGreaterThanOrEqual(300);
});

test('a hang for a given time ends by itself', async () => {
  await vpn.hang(400);
  const { fault } = await vpn.state();
  expect(fault).toEqual({ kind: 'hang', forMs: 400 });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 200, body: '{"port":5001}' });
  expect((await vpn.state()).fault).toBeNull();
});

test('a fault on one route leaves the others alone', async () => {
  await vpn.setFault({ kind: '500', route: 'portforward' });
  expect(await control(vpn, 'GET /v1/portforward')).toMatchObject({ status: 500 });
  expect(await control(vpn, 'GET /v1/vpn/status')).toMatchObject({ status: 200 });
});

test('an unknown fault is refused', async () => {
  const bad = JSON.parse('{"kind": "flood"}');
  await expect(vpn.setFault(bad)).rejects.toThrow('400');
});
