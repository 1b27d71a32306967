import type { UnreachableDocker, PortReading, Snapshot } from '../../src/domain/vpn/observation';
import { hasChanged, isReworded, type LastReported } from '../../src/domain/vpn/reported';
import { presentVpn } from '../builders';

const NOT_BUSY = { evicted: [], replacements: [] };

function snapshot(port: PortReading): Snapshot {
  const vpn = presentVpn({});
  return {
    ...{ kind: 'snapshot', at: 1, vpn, liveEngines: null, port, engines: [], found: [], complete: true },
    imagePresent: true,
  };
}

test('an engine that is withheld counts as a change, unless it is being released', () => {
  const told: LastReported = snapshot({ kind: 'known', port: 40_000 });
  const seen = { ...snapshot({ kind: 'known', port: 40_000 }), withheld: ['one'] };
  expect(hasChanged(told, seen, NOT_BUSY)).toBe(true);
  expect(hasChanged(seen, seen, NOT_BUSY)).toBe(false);
  expect(hasChanged(told, seen, { ...NOT_BUSY, evicted: ['one'] })).toBe(false);
});

const unreachable = (cause: string | undefined, problem = 'a'): UnreachableDocker => ({
  ...{ kind: 'unreachable', at: 1, problem },
  ...(cause === undefined ? {} : { cause }),
});

describe('that Docker can not be asked for another reason than before', () => {
  test('is told, and decides nothing', () => {
    expect(isReworded(unreachable('ECONNREFUSED'), unreachable('EACCES'))).toBe(true);
    expect(isReworded(unreachable('EACCES'), unreachable('HTTP 403'))).toBe(true);
    expect(isReworded(unreachable('broken'), unreachable('ENOENT'))).toBe(true);
    expect(isReworded(unreachable(undefined), unreachable('ENOENT'))).toBe(true);
    expect(hasChanged(unreachable('ECONNREFUSED'), unreachable('EACCES'), NOT_BUSY)).toBe(false);
  });

  test('is none when only the words differ, or a connection broke', () => {
    expect(isReworded(unreachable('ENOENT', 'connect ENOENT'), unreachable('ENOENT', 'ENOENT: connect'))).toBe(false);
    expect(isReworded(unreachable('ENOENT'), unreachable('broken'))).toBe(false);
  });
});

const unclear = (reason: string): PortReading => ({ kind: 'unknown', forMs: 2_000, reason, none: false });
const none: PortReading = { kind: 'unknown', forMs: 2_000, reason: 'no port', none: true };

describe('that the port can not be read for another reason than before', () => {
  const told: LastReported = snapshot(unclear('the control server answers 500'));
  const seen = snapshot(unclear('it gave no answer within 5 s'));

  test('is another wording and no change, for a control server may fail in another way each time', () => {
    expect(hasChanged(told, seen, NOT_BUSY)).toBe(false);
    expect(isReworded(told, seen)).toBe(true);
    expect(isReworded(told, told as Snapshot)).toBe(false);
  });

  test('is a change when it is a port, or clearly none', () => {
    const known = snapshot({ kind: 'known', port: 40_000 });
    expect([known, snapshot(none)].map((now) => hasChanged(told, now, NOT_BUSY))).toEqual([true, true]);
    expect(hasChanged(known, seen, NOT_BUSY)).toBe(true);
    expect(isReworded(known, seen)).toBe(false);
  });
});
