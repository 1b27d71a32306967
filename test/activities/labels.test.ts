import * as fc from 'fast-check';
import { engineContainer } from '../../src/activities/engine/spec';
import { keptLabels, LABEL_BYTES_AT_MOST, labelBytes } from '../../src/domain/labels';
import { condition, type ObservedEngine } from '../../src/domain/vpn/observation';
import { introduced } from '../../src/domain/vpn/reported';
import { callerOptionMistakes } from '../../src/clients/engine/caller-options';
import type { Variant } from '../../src/clients/engine/variant';
import { DAY, target } from '../builders';

const MARK = 'ondemand.app=myservice';
const variant: Variant = {
  image: 'engine:1',
  env: {},
  forwardedEnv: {},
  command: null,
  volumes: [],
  health: { type: 'tcp' },
  connectionStatus: false,
  oneAtATime: false,
};

/** The labels that are kept of an engine that was created with these. */
function remembered(labels: Readonly<Record<string, string>>): Record<string, string> {
  const made = target({ role: 'plain', p2pPort: null, callerOptions: { labels, sealedEnv: null } });
  const order = { vpn: 'gluetun', instance: 'default', incarnation: 'abcdef12', number: 7, target: made };
  return keptLabels(engineContainer(order, variant, {}, MARK, 'vpn-container').labels, made, 'gluetun', MARK);
}

test('every label that a caller may give is kept, besides those that say who made the engine', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'z', '0', '.', '-', '/', '_', 'é'),
    minLength: 1,
    maxLength: 12,
  });
  const labels = fc.dictionary(name, fc.string({ unit: 'binary', maxLength: 40 }), { maxKeys: 5 });
  fc.assert(
    fc.property(labels, (given) => {
      fc.pre(callerOptionMistakes({ env: {}, labels: given }, MARK).length === 0);
      const own = { 'portward.instance': 'default', 'portward.replacement': 'abcdef12/7' };
      expect(remembered(given)).toEqual({ ...given, ...own });
    }),
  );
});

test('the hash by which Portward recognises a container is not shown', () => {
  expect(remembered({})).not.toHaveProperty(['portward.spec']);
});

test('of an engine that somebody else has made, as many labels are kept as fit', () => {
  const engine = { role: 'plain' as const, httpPort: 19_000, httpsPort: null, p2pPort: null };
  const long = { long: 'x'.repeat(LABEL_BYTES_AT_MOST) };
  const all = { ...long, 'portward.instance': 'i'.repeat(LABEL_BYTES_AT_MOST), short: 'y', maintainer: 'someone' };
  const kept = keptLabels(all, engine, 'gluetun', MARK);
  expect(Object.keys(kept).toSorted()).toEqual(['portward.instance', 'short']);
});

test('a snapshot of 100 engines with the most labels is below the 64 KB of an event', () => {
  const filler = { l: 'x'.repeat(LABEL_BYTES_AT_MOST - labelBytes({ l: '' })) };
  expect(labelBytes(filler)).toBe(LABEL_BYTES_AT_MOST);
  const engines = Array.from({ length: 100 }, (_, i): ObservedEngine => ({
    id: String(i).padStart(64, 'a'),
    name: `acestream_fwd_gluetun-of-the-second-provider_${i}_1_abcdef12`,
    role: 'forwarded',
    httpPort: 19_000 + i,
    httpsPort: 45_000 + i,
    p2pPort: 65_000,
    labels: remembered(filler),
    createdAt: DAY,
    evicted: false,
    running: true,
    startedAt: DAY,
    networkOf: 'a'.repeat(64),
    health: 'unhealthy',
  }));
  const told = introduced(engines, [], { evicted: [], replacements: [] });
  expect(told.found.length).toBeGreaterThan(0);
  const bytes = Buffer.byteLength(JSON.stringify({ engines: engines.map(condition), ...told }));
  expect(bytes).toBeLessThan(63 * 1024);
});
