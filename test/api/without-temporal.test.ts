// The answers of the API without a Temporal server.
import { TemporalFleetSource } from '../../src/gateways/fleet-source';
import { TemporalVpnSource } from '../../src/gateways/vpn-source';
import { lazyClient, targetAt } from '../../src/temporal/client';
import { api, closeAll } from './api-under-test';

// Nothing listens on this port.
const { client, connection } = lazyClient(targetAt('127.0.0.1:9'));
afterAll(async () => {
  await closeAll();
  await connection.close();
});

const RAW = /UNAVAILABLE|DEADLINE|EXCEEDED|Failed to|gRPC|ECONN|\d+ [A-Z_]{4,}/;
const STARTED = {
  engine: { host: 'gluetun', port: 19_000 },
  stream: { key_type: 'infohash', key: 'a' },
  session: { playback_session_id: 'p', stat_url: '', command_url: '', is_live: 1 },
};

test('every route says in plain words that Temporal does not answer', async () => {
  const vpn = new TemporalVpnSource(client, { instance: 'test', vpn: 'gluetun' });
  const server = await api([vpn], { fleet: new TemporalFleetSource(client, 'test') });
  const reads = [
    '/engines',
    '/engines/x',
    '/streams',
    '/streams/x/stats',
    '/vpn/publicip',
    '/vpns/gluetun/replacements',
  ];
  const more = ['/containers/x', '/by-label?key=a&value=b', '/health/status', '/health/ready', '/vpn/status'];
  const changes = [
    '/vpns/gluetun/replacements',
    '/provision/acestream',
    '/scale/2',
    '/gc',
    '/health/circuit-breaker/reset',
  ];
  const answers = await Promise.all([
    ...[...reads, ...more].map((url) => server.inject({ url })),
    ...changes.map((url) => server.inject({ method: 'POST', url })),
    server.inject({ method: 'DELETE', url: '/containers/x' }),
    server.inject({ method: 'POST', url: '/events/stream_started', payload: STARTED }),
  ]);
  for (const { statusCode, body, raw } of answers) {
    expect([raw.req.url, statusCode, body]).toEqual([raw.req.url, raw.req.url === '/vpn/status' ? 200 : 503, body]);
    expect(body).not.toMatch(RAW);
  }
  // On a busy machine, the deadline may pass before the connection is refused.
  const why = /the Temporal server does not answer: check that it runs|it was not answered in time|no answer within/;
  for (const url of [
    '/engines',
    '/streams',
    '/vpn/status',
    '/vpns/gluetun/replacements',
    '/scale/2',
    '/health/ready',
  ]) {
    for (const { body } of answers.filter(({ raw }) => raw.req.url === url))
      expect([url, body]).toEqual([url, expect.stringMatching(why)]);
  }
}, 20_000);
