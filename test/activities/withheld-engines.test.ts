import type { DockerSnapshot } from '../../src/activities/docker/snapshot';
import { snapshotOf } from '../../src/activities/observe/snapshot';
import { VpnDoubt } from '../../src/activities/observe/vpn-doubt';
import type { VpnMemory } from '../../src/activities/observe/vpn-memory';
import type { Health } from '../../src/domain/engine';
import { DAY, presentVpn } from '../builders';

// While Docker takes down the published ports of a killed container, which can take seconds, it calls the container running.

const vpn = presentVpn();
const SIGKILL = { action: 'kill', id: vpn.id, attributes: { signal: '9' } };

/** What is withheld of two running engines, in a snapshot in which Docker calls everything running. */
function withheld(doubt: VpnDoubt, { health = 'healthy', silent = [] as string[], evicted = [] as string[] } = {}) {
  const engine = { networkOf: vpn.id, running: true, startedAt: DAY, labels: {}, evicted: false };
  const engines = ['one', 'two'].map((id) => ({ ...engine, id }));
  const docker = { at: DAY, monotonicAt: 0, vpn, details: null, engines, imagePresent: true };
  const memory = {
    health: { health: () => health as Health, isSilent: (id: string) => silent.includes(id) },
    doubt,
    confirmedIp: null,
    liveEngines: null,
  };
  const { withheld: ids } = snapshotOf(
    docker as unknown as DockerSnapshot,
    memory as unknown as VpnMemory,
    { kind: 'known', port: 40_000 },
    { accounted: ['one', 'two'], busy: { evicted, replacements: [] } },
  );
  return ids;
}

/** The doubt of a VPN that was observed, and whose control server has answered. */
function calm(): VpnDoubt {
  const doubt = new VpnDoubt();
  doubt.snapshotTaken(vpn, performance.now());
  doubt.controlServerAnswers();
  return doubt;
}

test('the engines of a killed VPN are withheld while Docker still takes down its ports and calls it running', () => {
  const doubt = calm();
  expect(withheld(doubt)).toBeUndefined();
  doubt.received(SIGKILL, performance.now());
  expect(withheld(doubt)).toBeUndefined();
  doubt.controlServerRefuses(performance.now());
  expect(withheld(doubt)).toEqual(['one', 'two']);
});

test('an engine that leaves questions unanswered while it is in doubt is withheld alone', () => {
  expect(withheld(calm(), { silent: ['two'] })).toEqual(['two']);
});

test('engines that are being evicted, or have never answered, are not withheld: nobody is sent to them', () => {
  const doubt = calm();
  doubt.received(SIGKILL, performance.now());
  doubt.controlServerRefuses(performance.now());
  expect(withheld(doubt, { evicted: ['one'] })).toEqual(['two']);
  expect(withheld(doubt, { health: 'unknown' })).toBeUndefined();
});
