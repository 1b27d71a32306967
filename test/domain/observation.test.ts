import {
  isNews,
  isReworded,
  type Blindness,
  type Known,
  type PortReading,
  type Sight,
} from '../../src/domain/vpn/observation';
import { presentVpn } from '../builders';

const NOT_BUSY = { evicted: [], replacements: [] };

function sight(port: PortReading): Sight {
  const vpn = presentVpn({});
  return {
    ...{ kind: 'sight', at: 1, vpn, liveEngines: null, port, engines: [], found: [], complete: true },
    imagePresent: true,
  };
}

test('that an engine is withheld is news, unless it is being let go', () => {
  const told: Known = sight({ kind: 'known', port: 40_000 });
  const seen = { ...sight({ kind: 'known', port: 40_000 }), withheld: ['one'] };
  expect(isNews(told, seen, NOT_BUSY)).toBe(true);
  expect(isNews(seen, seen, NOT_BUSY)).toBe(false);
  expect(isNews(told, seen, { ...NOT_BUSY, evicted: ['one'] })).toBe(false);
});

const blind = (cause: string | undefined, problem = 'a'): Blindness => ({
  ...{ kind: 'blind', at: 1, problem },
  ...(cause === undefined ? {} : { cause }),
});

describe('that Docker can not be asked for another reason than before', () => {
  test('is told, and decides nothing', () => {
    expect(isReworded(blind('ECONNREFUSED'), blind('EACCES'))).toBe(true);
    expect(isReworded(blind('EACCES'), blind('HTTP 403'))).toBe(true);
    expect(isReworded(blind('broken'), blind('ENOENT'))).toBe(true);
    expect(isReworded(blind(undefined), blind('ENOENT'))).toBe(true);
    expect(isNews(blind('ECONNREFUSED'), blind('EACCES'), NOT_BUSY)).toBe(false);
  });

  test('is none when only the words differ, or a connection broke', () => {
    expect(isReworded(blind('ENOENT', 'connect ENOENT'), blind('ENOENT', 'ENOENT: connect'))).toBe(false);
    expect(isReworded(blind('ENOENT'), blind('broken'))).toBe(false);
  });
});

const unclear = (reason: string): PortReading => ({ kind: 'unknown', forMs: 2_000, reason, none: false });
const none: PortReading = { kind: 'unknown', forMs: 2_000, reason: 'no port', none: true };

describe('that the port can not be read for another reason than before', () => {
  const told: Known = sight(unclear('the control server answers 500'));
  const seen = sight(unclear('it gave no answer within 5 s'));

  test('is another wording and no news, for a control server may fail in another way each time', () => {
    expect(isNews(told, seen, NOT_BUSY)).toBe(false);
    expect(isReworded(told, seen)).toBe(true);
    expect(isReworded(told, told as Sight)).toBe(false);
  });

  test('is news when it is a port, or clearly none', () => {
    const known = sight({ kind: 'known', port: 40_000 });
    expect([known, sight(none)].map((now) => isNews(told, now, NOT_BUSY))).toEqual([true, true]);
    expect(isNews(known, seen, NOT_BUSY)).toBe(true);
    expect(isReworded(known, seen)).toBe(false);
  });
});
