import type { Engine } from '../../src/domain/engine';
import type { ObservedEngine } from '../../src/domain/observation';
import { refreshed } from '../../src/workflows/seen';

const engine: Engine = {
  id: 'c1',
  name: 'acestream_fwd_gluetun_1_1_abc',
  role: 'forwarded',
  httpPort: 19_000,
  httpsPort: 45_000,
  p2pPort: 65_290,
  labels: {},
  firstSeen: 1_000,
  ready: true,
  health: 'healthy',
};

function seen(change: Partial<ObservedEngine>): ObservedEngine {
  const { id, name, role, httpPort, httpsPort, p2pPort, labels } = engine;
  const place = { createdAt: 1_000, evicted: false, running: true, startedAt: 1_000, networkOf: 'vpn-1' };
  return { id, name, role, httpPort, httpsPort, p2pPort, labels, ...place, health: 'unknown', ...change };
}

test('an engine that Docker has revived is not listed before it has answered again', () => {
  const revived = refreshed(engine, seen({ startedAt: 9_000 }), 1_000);
  expect(revived.ready).toBe(false);
  expect(refreshed(revived, seen({ startedAt: 9_000, health: 'healthy' }), 9_000).ready).toBe(true);
});

test('an engine of which nothing is known right now stays what it was', () => {
  expect(refreshed(engine, seen({}), 1_000)).toEqual(engine);
  expect(refreshed(engine, seen({}), undefined)).toEqual(engine);
});
