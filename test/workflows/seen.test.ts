import type { Engine } from '../../src/domain/engine';
import type { EngineCondition } from '../../src/domain/vpn/observation';
import { adopt, refreshed } from '../../src/workflows/vpn/observe/seen';
import { DAY, forwardedEngine, presentVpn } from '../builders';

const { forwarded: _, ...engine } = forwardedEngine(19_000, 65_290);
const vpn = presentVpn();

function seen(change: Partial<EngineCondition> = {}): EngineCondition {
  return { id: engine.id, running: true, startedAt: DAY, networkOf: vpn.id, health: 'unknown', ...change };
}

function seenAs(known: Engine, condition: EngineCondition | undefined, newSession = false): Engine {
  return refreshed(known, condition, vpn, newSession);
}

test('an engine that Docker has started again is not listed before it has answered again', () => {
  const revived = seenAs(engine, seen({ startedAt: DAY + 9_000 }));
  expect(revived.ready).toBe(false);
  expect(seenAs(revived, seen({ startedAt: DAY + 9_000, health: 'healthy' })).ready).toBe(true);
});

test('an engine of which the snapshot knows nothing new stays as it was', () => {
  expect(seenAs(engine, seen())).toEqual(engine);
  expect(seenAs(engine, undefined)).toEqual(engine);
});

test("an engine that runs on after a start of its VPN's container is cut off, until it is started again, too", () => {
  const left = seenAs(engine, seen(), true);
  expect(left.cutOff).toBe(true);
  expect(seenAs(left, seen({ health: 'healthy' })).cutOff).toBe(true);
  expect(seenAs(left, seen({ startedAt: DAY + 9_000 })).cutOff).toBe(false);
});

describe('when the clock was set back since the VPN was started', () => {
  const future = presentVpn({ startedAt: DAY + 3_600_000 });

  test('an engine that is made now does not count as one from before', () => {
    const made: Engine = { ...engine, run: null };
    expect(refreshed(made, seen(), future, false).cutOff).toBe(false);
  });

  test('a new start of the VPN cuts off its engines all the same', () => {
    const restarted = presentVpn({ startedAt: DAY - 3_600_000 });
    expect(refreshed(engine, seen(), restarted, true).cutOff).toBe(true);
  });
});

test('an adopted engine is cut off if it was started before its VPN', () => {
  const { id, name, role, httpPort, httpsPort, p2pPort, labels } = engine;
  const found = { ...seen(), id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt: DAY, evicted: false };
  expect(adopt(found, vpn).cutOff).toBe(false);
  expect(adopt(found, presentVpn({ startedAt: DAY + 1 })).cutOff).toBe(true);
});
