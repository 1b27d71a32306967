import { Checker } from '../../chaos/checker/checker';
import type { Fact, ListedEngine } from '../../chaos/checker/facts';
import type { VpnName } from '../../chaos/faults';
import { GroundTruth, type TroubleKind } from '../../chaos/ground-truth';

const LIMITS = {
  checkIntervalMs: 1_000,
  evictionGraceMs: 3_000,
  portCacheTtlMs: 5_000,
  staleLimitMs: 30_000,
  startupMs: 1_000,
  unhealthyRestartMs: 5_000,
  portLostMs: 3_000,
};
/** Far from zero, as real times are. */
const BEGIN = 1_800_000_000_000;

/** A series of facts about the made-up VPNs `a`, `b` and `calm`, given to a checker. Times are ms from BEGIN. */
class Seen {
  readonly truth = new GroundTruth();
  readonly checker = new Checker(this.truth, LIMITS, () => this.lagMs);
  lagMs = 0;

  constructor() {
    this.port('a', 50_001, 0).port('b', 51_001, 0).port('calm', 52_001, 0);
  }

  port(vpn: VpnName, port: number, at: number): this {
    // Record the former port 1 ms before, so that the time of the change is exact.
    if (at > 0) this.truth.sawPort(vpn, this.truth.portOf(vpn), BEGIN + at - 1);
    this.truth.sawPort(vpn, port, BEGIN + at);
    return this;
  }

  trouble(kind: TroubleKind, target: string | null, from: number, to: number): this {
    jest.useFakeTimers({ now: BEGIN + to });
    const end = this.truth.begin(kind, target, BEGIN + from);
    end();
    jest.useRealTimers();
    return this;
  }

  /** A trouble that has begun and not ended. */
  lasting(kind: TroubleKind, target: string | null, from: number): this {
    this.truth.begin(kind, target, BEGIN + from);
    return this;
  }

  list(at: number, engines: readonly ListedEngine[], staleSeconds: number | null = null): this {
    const times = { sentAt: BEGIN + at, at: BEGIN + at + 5 };
    return this.fact({ kind: 'answer', ...times, outcome: 'list', staleSeconds, engines });
  }

  unavailable(at: number): this {
    const times = { sentAt: BEGIN + at, at: BEGIN + at + 5 };
    return this.fact({ kind: 'answer', ...times, outcome: 'unavailable', detail: 'a: not asked yet' });
  }

  silence(at: number): this {
    const times = { sentAt: BEGIN + at, at: BEGIN + at + 5 };
    return this.fact({ kind: 'answer', ...times, outcome: 'silence', error: 'ECONNREFUSED' });
  }

  event(at: number, action: string, id: string, is: 'engine' | 'bystander' = 'engine'): this {
    return this.fact({ kind: 'container event', at: BEGIN + at, action, id, name: id, is, vpn: null });
  }

  vpnEnds(at: number, vpn: VpnName): this {
    return this.fact({ kind: 'container event', at: BEGIN + at, action: 'die', id: vpn, name: vpn, is: 'vpn', vpn });
  }

  ordered(at: number, vpn: VpnName, status: 'running' | 'stopped' = 'stopped'): this {
    return this.fact({ kind: 'vpn order', at: BEGIN + at, vpn, status });
  }

  fact(fact: Fact): this {
    this.checker.take(fact);
    return this;
  }

  get promises(): string[] {
    return this.checker.violations.map(({ promise }) => promise);
  }
}

function engine(id: string, vpn: VpnName, p2pPort: number | null = null, forwarded = p2pPort !== null): ListedEngine {
  return { id, name: id, vpn, httpPort: 19_000, forwarded, p2pPort, lastSeen: BEGIN };
}

describe('I1: the engines that are listed as forwarded', () => {
  test('an engine on the present port is fine, and for a moment one on the previous port', () => {
    const seen = new Seen().list(100, [engine('f', 'a', 50_001)]).port('a', 50_002, 10_000);
    expect(seen.list(10_500, [engine('f', 'a', 50_001)]).promises).toEqual([]);
  });

  test('an engine on a port that the VPN lost more than one check ago is a violation', () => {
    const seen = new Seen().port('a', 50_002, 10_000).list(20_000, [engine('f', 'a', 50_001)]);
    expect(seen.promises).toEqual(['I1']);
  });

  test('an engine on a port that the VPN never had is a violation', () => {
    expect(new Seen().list(100, [engine('f', 'a', 50_009)]).promises).toEqual(['I1']);
  });

  test("an engine on another VPN's port is a violation", () => {
    expect(new Seen().list(100, [engine('f', 'b', 50_001)]).promises).toEqual(['I1']);
  });

  test('a forwarded engine without a port is a violation', () => {
    expect(new Seen().list(100, [engine('f', 'a', null, true)]).promises).toEqual(['I1']);
  });

  test('two forwarded engines are a violation on one VPN, but not on two VPNs', () => {
    const seen = new Seen().list(100, [engine('f', 'a', 50_001), engine('g', 'b', 51_001)]);
    expect(seen.promises).toEqual([]);
    expect(seen.list(200, [engine('f', 'a', 50_001), engine('g', 'a', 50_001)]).promises).toEqual(['I1']);
  });

  test.each(['worker', 'temporal', 'docker'] as const)('while %s was away, the last observation counts', (kind) => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble(kind, null, 9_000, 19_000);
    expect(seen.list(20_000, [engine('f', 'a', 50_001)]).promises).toEqual([]);
  });

  test('an engine that was observed after the outage must be on the present port; one not observed since it was made need not', () => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble('worker', null, 9_000, 19_000);
    const made = { ...engine('f', 'a', 50_001), lastSeen: BEGIN + 19_900 };
    expect(seen.list(20_000, [made]).promises).toEqual(['I1']);
    const again = new Seen().port('a', 50_002, 10_000).trouble('worker', null, 9_000, 19_000);
    expect(again.list(20_000, [{ ...made, lastSeen: null }]).promises).toEqual([]);
  });

  test('an outage of the worker that ended long ago is no excuse', () => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble('worker', null, 9_000, 12_000);
    expect(seen.list(30_000, [engine('f', 'a', 50_001)]).promises).toEqual(['I1']);
  });

  test("a fault of another VPN's control server is no excuse", () => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble('control', 'b', 9_000, 19_000);
    expect(seen.list(20_000, [engine('f', 'a', 50_001)]).promises).toEqual(['I1']);
  });

  test('an engine that is marked as evicted must not be listed again', () => {
    const seen = new Seen().fact({ kind: 'eviction mark', at: BEGIN + 1_000, id: 'f', name: 'f' });
    expect(seen.list(1_100, [engine('f', 'a')]).promises).toEqual([]);
    expect(seen.list(1_900, [engine('f', 'a')], 1).promises).toEqual([]);
    expect(seen.list(3_000, [engine('f', 'a')]).promises).toEqual(['I1']);
  });

  test('a listed evicted engine is a violation also if the mark is seen only after the list', () => {
    const seen = new Seen().list(3_000, [engine('f', 'a')]);
    expect(seen.fact({ kind: 'eviction mark', at: BEGIN + 1_000, id: 'f', name: 'f' }).promises).toEqual(['I1']);
  });
});

describe('I7: a port that can not be read', () => {
  test('stays valid for GLUETUN_PORT_CACHE_TTL_S, and not for longer', () => {
    const seen = new Seen().lasting('control', 'a', 1_000).list(5_000, [engine('f', 'a', 50_001)]);
    expect(seen.promises).toEqual([]);
    expect(seen.list(12_000, [engine('f', 'a', 50_001)]).promises).toEqual(['I7']);
  });
});

describe('I2: stopping an engine', () => {
  test('is fine if the engine left the list a whole grace before', () => {
    expect(new Seen().list(1_000, [engine('f', 'a')]).event(4_000, 'kill', 'f').promises).toEqual([]);
  });

  test('is a violation if the engine was still listed within the grace', () => {
    expect(new Seen().list(1_000, [engine('f', 'a')]).event(2_500, 'kill', 'f').promises).toEqual(['I2']);
  });

  test('is a violation if only a stale list had the engine within the grace, since proxies use stale lists too', () => {
    expect(new Seen().list(1_000, [engine('f', 'a')], 3).event(2_500, 'kill', 'f').promises).toEqual(['I2']);
  });

  test('is fine if only the stale list of an API that started while Temporal was away had the engine', () => {
    const stop = (seen: Seen) => seen.list(9_000, [engine('f', 'a')], 3).event(10_500, 'kill', 'f').promises;
    const bothAway = () => new Seen().trouble('temporal', null, 1_000, 8_000).trouble('api', null, 2_000, 3_000);
    expect(stop(bothAway())).toEqual([]);
    expect(stop(new Seen().trouble('temporal', null, 1_000, 8_000))).toEqual(['I2']);
    expect(stop(new Seen().trouble('api', null, 2_000, 3_000))).toEqual(['I2']);
    expect(
      bothAway()
        .list(9_000, [engine('f', 'a')])
        .event(10_500, 'kill', 'f').promises,
    ).toEqual(['I2']);
  });

  test('is fine if the harness did it', () => {
    const seen = new Seen().trouble('engine', 'f', 2_400, 2_500).list(2_000, [engine('f', 'a')]);
    expect(seen.event(2_450, 'kill', 'f').promises).toEqual([]);
  });

  test('is fine if the engine was never listed', () => {
    expect(new Seen().event(2_450, 'kill', 'f').promises).toEqual([]);
  });
});

describe("I4: the calm VPN's change", () => {
  const change: Fact = { kind: 'calm change', at: BEGIN + 1_000, from: 52_001, to: 52_002 };
  const changed = () => new Seen().port('calm', 52_002, 1_000).fact(change);

  test('is fine in time, and its time is recorded', () => {
    const seen = changed()
      .list(1_100, [engine('f', 'calm', 52_001)])
      .list(1_900, []);
    expect(seen.promises).toEqual([]);
    expect(seen.checker.calm.latencies).toEqual([900]);
  });

  test('is a violation if it is seen too late', () => {
    // I1 is violated at the same time.
    expect(changed().list(6_000, [engine('f', 'calm', 52_001)]).promises).toContain('I4');
  });

  test('may be seen late while the worker was away', () => {
    const seen = changed()
      .trouble('worker', null, 500, 5_000)
      .list(6_000, [engine('f', 'calm', 52_001)]);
    expect(seen.promises).toEqual([]);
  });
});

describe('I5: bystanders', () => {
  test.each(['kill', 'stop', 'destroy', 'update', 'rename'])('%s is a violation', (action) => {
    expect(new Seen().event(1_000, action, 'other', 'bystander').promises).toEqual(['I5']);
  });

  test('may be stopped when Docker is stopped', () => {
    const seen = new Seen().trouble('docker', null, 500, 3_000);
    expect(seen.event(1_000, 'kill', 'other', 'bystander').promises).toEqual([]);
  });

  test('may have events that Docker causes by itself', () => {
    expect(new Seen().event(1_000, 'exec_start', 'other', 'bystander').promises).toEqual([]);
  });
});

function probe(error: string | null, at = 1_000): Fact {
  return { kind: 'probe', at: BEGIN + at, engine: engine('f', 'a'), error };
}

describe('I6: an engine in the list', () => {
  test('is fine if it answers', () => expect(new Seen().fact(probe(null)).promises).toEqual([]));
  test('is a violation if it does not answer', () =>
    expect(new Seen().fact(probe('ECONNREFUSED')).promises).toEqual(['I6']));
  test.each([
    ['engine', 'f'],
    ['vpn', 'a'],
    ['docker', null],
  ] as const)('need not answer just after a fault by the harness: %s', (kind, target) =>
    expect(new Seen().trouble(kind, target, 500, 900).fact(probe('ECONNREFUSED')).promises).toEqual([]),
  );

  // A regression: a VPN was started again while no worker ran, and an engine that no longer answered was listed afterwards.
  test('need not answer until 3 s after the worker is back, if it was cut off while the worker was away', () => {
    const seen = new Seen().trouble('vpn', 'a', 3_000, 5_000).trouble('worker', null, 1_000, 10_000);
    expect(seen.fact(probe('ECONNREFUSED', 12_900)).promises).toEqual([]);
    expect(seen.fact(probe('ECONNREFUSED', 13_100)).promises).toEqual(['I6']);
  });
});

describe('the API', () => {
  test('no answer is a violation, unless the API was killed', () => {
    expect(new Seen().silence(1_000).promises).toEqual(['API']);
    expect(new Seen().trouble('api', null, 900, 1_500).silence(1_000).promises).toEqual([]);
  });

  test('a list that can not be decoded is a violation', () => {
    const wrong = { kind: 'answer', sentAt: BEGIN, at: BEGIN, outcome: 'wrong', error: 'status 500' } as const;
    expect(new Seen().fact(wrong).promises).toEqual(['API']);
  });

  test.each([
    [500, ['API']],
    [502, ['API']],
    [503, []],
    [409, []],
    [202, []],
  ])('status %i of another route: %j', (status, promises) => {
    const answer = { kind: 'api answer', at: BEGIN, request: 'POST /x', status, body: '' } as const;
    expect(new Seen().fact(answer).promises).toEqual(promises);
  });

  test('a process that ends by itself is a violation', () => {
    const exit = { kind: 'unexpected exit', at: BEGIN, part: 'worker', how: 'code 1' } as const;
    expect(new Seen().fact(exit).promises).toEqual(['process']);
  });

  test('a missing remedy is a violation', () => {
    expect(new Seen().fact({ kind: 'remedy missing', at: BEGIN, what: 'x' }).promises).toEqual(['remedy']);
  });
});

/** The failure of a stream on an engine of VPN a, `ms` after its request. */
function failure(id: string | null, at = 10_000, ms = 300): Fact {
  const chosen = id === null ? null : ({ id, vpn: 'a' } as const);
  return { kind: 'stream failure', beganAt: BEGIN + at - ms, at: BEGIN + at, engine: chosen, reason: 'ECONNREFUSED' };
}

describe('a stale list', () => {
  const PARTS = ['worker', 'api', 'temporal', 'docker'] as const;

  test('is a violation while nothing was away, and so is a 503', () => {
    expect(new Seen().unavailable(1_000).promises).toEqual(['API']);
    const seen = new Seen().list(1_000, []).list(2_000, [], 1);
    expect(seen.promises).toEqual([]);
    expect(seen.list(2_200, [], 1).promises).toEqual(['API']);
  });

  test('is a violation even if it is marked as 0 s old', () => {
    expect(new Seen().list(1_000, []).list(3_000, [], 0).promises).toEqual(['API']);
  });

  test('is fine for a moment, also again and again: a single request had no answer in time', () => {
    const seen = new Seen();
    for (let at = 1_000; at < 20_000; at += 1_000) seen.list(at, []).list(at + 600, [], 1);
    expect(seen.promises).toEqual([]);
  });

  test.each(PARTS)('is excused while %s is away, and while it comes back', (kind) => {
    const back = 5_000 + (kind === 'worker' || kind === 'temporal' ? 26_000 : 10_000);
    const away = new Seen().list(0, []).trouble(kind, null, 1_000, 5_000);
    const excused = away
      .list(4_000, [], 3)
      .unavailable(4_100)
      .list(back - 100, [], 2)
      .unavailable(back - 50);
    expect(excused.promises).toEqual([]);
    expect(away.list(back + 100, [], 15).promises).toEqual(['API']);
    const late = new Seen().trouble(kind, null, 1_000, 5_000);
    expect(late.unavailable(back + 100).promises).toEqual(['API']);
  });

  test.each(['vpn', 'health', 'control'] as const)('is not excused by a fault of a VPN: %s', (kind) => {
    const seen = new Seen().trouble(kind, 'a', 1_000, 5_000).list(1_000, []);
    expect(seen.list(4_000, [], 3).promises).toEqual(['API']);
  });

  test('is excused for longer on a slow machine', () => {
    const seen = new Seen().list(1_000, []);
    seen.lagMs = 1_000;
    expect(seen.list(2_900, [], 1).promises).toEqual([]);
    expect(seen.list(3_200, [], 1).promises).toEqual(['API']);
  });
});

const unhealthy = () => new Seen().trouble('health', 'a', 1_000, 9_000);
const portless = () => new Seen().trouble('control', 'a', 1_000, 9_000);
const unhealthyTwice = () => new Seen().trouble('health', 'a', 1_000, 2_000).trouble('health', 'a', 9_000, 11_000);

describe("a VPN's restart", () => {
  test('without a reason is a violation, with its container and inside it', () => {
    expect(new Seen().vpnEnds(1_000, 'calm').promises).toEqual(['remedy']);
    expect(new Seen().ordered(1_000, 'calm').promises).toEqual(['remedy']);
  });

  test('by the harness, or because Docker was stopped, is fine', () => {
    expect(new Seen().trouble('vpn', 'a', 900, 3_000).vpnEnds(1_000, 'a').promises).toEqual([]);
    expect(new Seen().trouble('docker', null, 900, 3_000).vpnEnds(1_000, 'a').promises).toEqual([]);
    expect(new Seen().trouble('vpn', 'b', 900, 3_000).vpnEnds(1_000, 'a').promises).toEqual(['remedy']);
  });

  test('with its container is fine after VPN_UNHEALTHY_RESTART_TIMEOUT_S without health, and before that a violation', () => {
    expect(unhealthy().vpnEnds(6_100, 'a').promises).toEqual([]);
    expect(unhealthy().vpnEnds(5_900, 'a').promises).toEqual(['remedy']);
    expect(unhealthy().vpnEnds(6_100, 'b').promises).toEqual(['remedy']);
    expect(unhealthy().vpnEnds(20_000, 'a').promises).toEqual(['remedy']);
  });

  test('inside its container is fine after PORT_LOST_TIMEOUT_S without a port, and before that a violation', () => {
    expect(portless().ordered(4_100, 'a').promises).toEqual([]);
    expect(portless().ordered(3_900, 'a').promises).toEqual(['remedy']);
    expect(portless().ordered(4_100, 'b').promises).toEqual(['remedy']);
    expect(portless().ordered(20_000, 'a').promises).toEqual(['remedy']);
  });

  test('of the wrong kind is a violation: with the container for a lost port, inside it for lost health', () => {
    expect(new Seen().trouble('control', 'a', 1_000, 9_000).vpnEnds(7_000, 'a').promises).toEqual(['remedy']);
    expect(new Seen().trouble('health', 'a', 1_000, 9_000).ordered(7_000, 'a').promises).toEqual(['remedy']);
  });

  test('is fine after two short troubles if Portward could not observe the time between them', () => {
    expect(unhealthyTwice().trouble('worker', null, 1_500, 9_500).vpnEnds(10_000, 'a').promises).toEqual([]);
    expect(unhealthyTwice().vpnEnds(10_000, 'a').promises).toEqual(['remedy']);
  });

  test('is a violation if only the worker was away', () => {
    expect(new Seen().trouble('worker', null, 1_000, 20_000).ordered(20_000, 'a').promises).toEqual(['remedy']);
  });

  test('does not count for an order to run the VPN', () => {
    expect(new Seen().ordered(1_000, 'a', 'running').promises).toEqual([]);
  });
});

describe('streams that fail', () => {
  test('without a fault are a violation', () => {
    expect(new Seen().fact(failure('f')).promises).toEqual(['streams']);
    expect(new Seen().fact(failure(null)).promises).toEqual(['streams']);
  });

  test.each([
    ['docker', null, 'Docker was down'],
    ['engine', 'f', 'its engine was hurt'],
    ['hang', 'f', 'its engine was hurt'],
    ['vpn', 'a', "its engine's VPN was down"],
  ] as const)('are excused just after a fault of what they depend on: %s', (kind, target, excuse) => {
    const seen = new Seen().trouble(kind, target, 8_000, 8_500).fact(failure('f'));
    expect(seen.promises).toEqual([]);
    expect(seen.checker.streams.failed).toBe(0);
    expect([...seen.checker.streams.excused]).toEqual([[excuse, 1]]);
  });

  test.each([
    ['engine', 'g'],
    ['hang', 'g'],
    ['vpn', 'b'],
    ['health', 'a'],
    ['control', 'a'],
    ['worker', null],
    ['temporal', null],
    ['api', null],
  ] as const)('are not excused by another fault: %s %s', (kind, target) => {
    expect(new Seen().trouble(kind, target, 8_000, 8_500).fact(failure('f')).promises).toEqual(['streams']);
  });

  test('before the fault are not excused', () => {
    const seen = new Seen().fact(failure('f', 7_000)).trouble('engine', 'f', 7_500, 8_000);
    expect(seen.promises).toEqual(['streams']);
  });

  test('are not excused if they began when the list had to be without their engine, unless Portward could not observe', () => {
    expect(new Seen().trouble('vpn', 'a', 7_000, 7_500).fact(failure('f', 12_000)).promises).toEqual(['streams']);
    const unobserved = new Seen().trouble('vpn', 'a', 7_000, 7_500).trouble('worker', null, 7_600, 11_000);
    expect(unobserved.fact(failure('f', 12_000)).promises).toEqual([]);
    const later = new Seen().trouble('vpn', 'a', 7_000, 7_500).trouble('worker', null, 7_600, 9_000);
    expect(later.fact(failure('f', 20_000)).promises).toEqual(['streams']);
  });

  test('are not excused while their VPN has long been down: its engines had to be hidden when it went down', () => {
    const seen = new Seen().lasting('vpn', 'a', 4_000).vpnEnds(4_100, 'a');
    expect(seen.fact(failure('f', 7_000)).promises).toEqual([]);
    expect(seen.fact(failure('f', 15_000)).promises).toEqual(['streams']);
  });

  test('on an engine that hangs are excused for as long as the engine may count as healthy', () => {
    expect(new Seen().lasting('hang', 'f', 1_000).fact(failure('f', 14_000)).promises).toEqual([]);
    expect(new Seen().lasting('hang', 'f', 1_000).fact(failure('f', 24_000)).promises).toEqual(['streams']);
  });

  test('without a list are excused if the API was killed', () => {
    expect(new Seen().trouble('api', null, 9_500, 11_000).fact(failure(null)).promises).toEqual([]);
    expect(new Seen().trouble('api', null, 1_000, 2_000).fact(failure(null)).promises).toEqual(['streams']);
  });

  test('without a list are excused by an outage of Temporal only if it is longer than the API keeps its list', () => {
    expect(new Seen().lasting('temporal', null, 1_000).fact(failure(null)).promises).toEqual(['streams']);
    expect(new Seen().lasting('temporal', null, 1_000).fact(failure(null, 32_000)).promises).toEqual([]);
  });

  test('without engines are excused after Docker was down, until there was a list with engines', () => {
    const seen = new Seen().trouble('docker', null, 1_000, 3_000).fact(failure(null, 9_000));
    expect(seen.promises).toEqual([]);
    seen.list(9_500, [engine('f', 'a')]).fact(failure(null, 12_000));
    expect(seen.promises).toEqual(['streams']);
  });
});

const reported = (on: ListedEngine, seen = new Seen()) =>
  seen.fact({ kind: 'stream reported', at: BEGIN + 10_000, id: 's', engine: on });
const over = (seen: Seen, at: number) => seen.fact({ kind: 'stream over', at: BEGIN + at, id: 's' });

describe('an engine with a reported stream', () => {
  const plain = engine('e', 'a');
  const forwarded = engine('f', 'a', 50_001);

  test.each([plain, forwarded])('must not be stopped without a reason: $id', (on) => {
    expect(reported(on).event(12_000, 'kill', on.id).promises).toEqual(['kept streams']);
  });

  test('may be stopped before the report is answered and after the stream has ended; other engines at any time', () => {
    const seen = reported(plain).event(9_900, 'kill', 'e').event(12_000, 'kill', 'other');
    expect(over(seen, 13_000).promises).toEqual([]);
    expect(over(reported(plain), 13_000).event(13_100, 'kill', 'e').promises).toEqual([]);
  });

  test('must not be stopped either if the end of the stream is reported before the stop, though it came after it', () => {
    expect(over(reported(plain), 12_050).event(12_000, 'kill', 'e').promises).toEqual(['kept streams']);
  });

  test.each([
    ['its VPN was down', 'vpn', 'a'],
    ['its VPN was unhealthy', 'health', 'a'],
    ['its VPN was restarted inside the container', 'reconnect', 'a'],
    ['it was hurt', 'engine', 'e'],
    ['it did not answer', 'hang', 'e'],
    ['somebody had it removed', 'order', 'e'],
    ['Docker was down', 'docker', null],
  ] as const)('may be stopped: %s', (_why, kind, target) => {
    const seen = reported(plain, new Seen().trouble(kind, target, 9_000, 9_500)).event(12_000, 'kill', 'e');
    expect([seen.promises, seen.checker.kept.cutOff]).toEqual([[], 1]);
  });

  test.each([
    ['the worker was killed', 'worker', null],
    ['the API was killed', 'api', null],
    ['Temporal was killed', 'temporal', null],
    ['its control server was in trouble', 'control', 'a'],
    ['another VPN was down', 'vpn', 'b'],
    ["somebody had the VPN's forwarded engine replaced", 'order', 'a'],
  ] as const)('must not be stopped because %s', (_why, kind, target) => {
    const seen = reported(plain, new Seen().trouble(kind, target, 9_000, 9_500)).event(12_000, 'kill', 'e');
    expect(seen.promises).toEqual(['kept streams']);
  });

  test('must not be stopped because of a fault long ago', () => {
    const seen = reported(plain, new Seen().trouble('vpn', 'a', 9_000, 9_500)).event(200_000, 'kill', 'e');
    expect(seen.promises).toEqual(['kept streams']);
  });

  test('may be stopped, if it is forwarded, when the port changes or somebody has it replaced', () => {
    const changed = reported(forwarded, new Seen().port('a', 50_002, 11_000));
    expect(changed.event(12_000, 'kill', 'f').promises).toEqual([]);
    const ordered = reported(forwarded, new Seen().trouble('order', 'a', 11_000, 11_100));
    expect(ordered.event(12_000, 'kill', 'f').promises).toEqual([]);
  });

  test("may be stopped, if it is plain, only when the VPN's new port is the engine's HTTP port", () => {
    const other = reported(plain, new Seen().port('a', 50_002, 11_000));
    expect(other.event(12_000, 'kill', 'e').promises).toEqual(['kept streams']);
    const same = reported(plain, new Seen().port('a', plain.httpPort, 11_000));
    expect(same.event(12_000, 'kill', 'e').promises).toEqual([]);
  });
});

describe('a slow machine', () => {
  test('extends the limits by the measured lag', () => {
    const seen = new Seen().port('a', 50_002, 10_000);
    seen.lagMs = 500;
    expect(seen.list(12_200, [engine('f', 'a', 50_001)]).promises).toEqual([]);
    seen.lagMs = 100;
    expect(seen.list(12_200, [engine('f', 'a', 50_001)]).promises).toEqual(['I1']);
  });
});

describe('the longest time without a forwarded engine', () => {
  test('counts while the VPN is in order', () => {
    const seen = new Seen()
      .list(0, [engine('f', 'a', 50_001)])
      .list(1_000, [])
      .list(5_000, []);
    expect(seen.checker.gaps.longest).toMatchObject({ ms: 5_005 });
  });

  test('does not count while the VPN is down', () => {
    const down = new Seen();
    for (const vpn of ['a', 'b', 'calm']) down.lasting('vpn', vpn, 0);
    expect(down.list(1_000, []).list(5_000, []).checker.gaps.longest).toBeNull();
  });
});
