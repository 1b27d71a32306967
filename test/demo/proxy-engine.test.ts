import { decodeEngines } from '../../simulator/proxy-engine';

const engine = {
  container_id: 'a1',
  container_name: null,
  host: 'gluetun',
  port: 19000,
  labels: { 'acestream.forwarded': 'true' },
  forwarded: true,
  first_seen: '2026-01-02T03:04:05.678Z',
  streams: [],
  health_status: 'healthy',
};

test('the proxy accepts a list with nulls and without optional fields', () => {
  expect(decodeEngines(JSON.stringify([engine]))).toEqual([engine]);
});

test.each([
  ['a port that is text', { port: '19000' }],
  ['a port with a fraction', { port: 19000.5 }],
  ['a label that is no text', { labels: { 'acestream.p2p_port': 65290 } }],
  ['a time without a zone', { first_seen: '2026-01-02T03:04:05' }],
  ['a flag that is text', { forwarded: 'true' }],
])('one bad field fails the whole list for the proxy: %s', (_what, wrong) => {
  expect(() => decodeEngines(JSON.stringify([engine, { ...engine, ...wrong }]))).toThrow("can't be decoded: /1/");
});
