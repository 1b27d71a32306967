import { GluetunClient } from '../../../src/clients/gluetun/client';
import { ControlServer, json, PUBLIC_IP, status } from './control-server';

const server = new ControlServer();
beforeAll(() => server.start());
afterAll(() => server.stop());

const client = new GluetunClient({ auth: { kind: 'none' }, timeoutMs: 5_000 });
const publicIp = () => client.publicIp(server.base, new AbortController().signal);

test.each(['203.0.113.7', '2001:db8::7'])('the public address %s is read', async (address) => {
  server.routes = { [PUBLIC_IP]: json({ public_ip: address, country: 'Nowhere' }) };
  expect(await publicIp()).toBe(address);
});

test.each([
  ['no address yet', json({ public_ip: '' })],
  ['a page', json({ public_ip: 'x'.repeat(1000) })],
  ['another form', json({ ip: '203.0.113.7' })],
  ['a 500', status(500)],
  ['a 404', status(404)],
])('%s is an error, not an address', async (_what, answer) => {
  server.routes = { [PUBLIC_IP]: answer };
  await expect(publicIp()).rejects.toThrow(/control server/);
});
