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

/** What was seen of made-up VPNs `a`, `b` and `calm`; times are ms from the begin. */
class Seen {
  readonly truth = new GroundTruth();
  readonly checker = new Checker(this.truth, LIMITS, () => this.lagMs);
  lagMs = 0;

  constructor() {
    this.port('a', 50_001, 0).port('b', 51_001, 0).port('calm', 52_001, 0);
  }

  port(vpn: VpnName, port: number, at: number): this {
    // Seen just before as well, so that the time of a change is exact.
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

  /** Begun and not ended. */
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
    this.checker.hear(fact);
    return this;
  }

  get promises(): string[] {
    return this.checker.violations.map(({ promise }) => promise);
  }
}

function engine(id: string, vpn: VpnName, p2pPort: number | null = null, forwarded = p2pPort !== null): ListedEngine {
  return { id, name: id, vpn, httpPort: 19_000, forwarded, p2pPort, lastSeen: BEGIN };
}

describe('I1: what is shown as forwarded', () => {
  test('the port that the VPN has is fine, and so is the one that it had just now', () => {
    const seen = new Seen().list(100, [engine('f', 'a', 50_001)]).port('a', 50_002, 10_000);
    expect(seen.list(10_500, [engine('f', 'a', 50_001)]).promises).toEqual([]);
  });

  test('a port that is gone for longer than a check is a violation', () => {
    const seen = new Seen().port('a', 50_002, 10_000).list(20_000, [engine('f', 'a', 50_001)]);
    expect(seen.promises).toEqual(['I1']);
  });

  test('a port that the VPN never had is a violation', () => {
    expect(new Seen().list(100, [engine('f', 'a', 50_009)]).promises).toEqual(['I1']);
  });

  test('the port of another VPN is a violation', () => {
    expect(new Seen().list(100, [engine('f', 'b', 50_001)]).promises).toEqual(['I1']);
  });

  test('no port at all is a violation', () => {
    expect(new Seen().list(100, [engine('f', 'a', null, true)]).promises).toEqual(['I1']);
  });

  test('two forwarded engines of one VPN are a violation, of two VPNs they are not', () => {
    const seen = new Seen().list(100, [engine('f', 'a', 50_001), engine('g', 'b', 51_001)]);
    expect(seen.promises).toEqual([]);
    expect(seen.list(200, [engine('f', 'a', 50_001), engine('g', 'a', 50_001)]).promises).toEqual(['I1']);
  });

  test.each(['worker', 'temporal', 'docker'] as const)('while there was no %s, the last observation counts', (kind) => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble(kind, null, 9_000, 19_000);
    expect(seen.list(20_000, [engine('f', 'a', 50_001)]).promises).toEqual([]);
  });

  test('an engine that was made after it, and not looked at since, says nothing of the port', () => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble('worker', null, 9_000, 19_000);
    const made = { ...engine('f', 'a', 50_001), lastSeen: BEGIN + 19_900 };
    expect(seen.list(20_000, [made]).promises).toEqual(['I1']);
    const again = new Seen().port('a', 50_002, 10_000).trouble('worker', null, 9_000, 19_000);
    expect(again.list(20_000, [{ ...made, lastSeen: null }]).promises).toEqual([]);
  });

  test('a worker that has long been back is no excuse', () => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble('worker', null, 9_000, 12_000);
    expect(seen.list(30_000, [engine('f', 'a', 50_001)]).promises).toEqual(['I1']);
  });

  test("another VPN's control server is no excuse", () => {
    const seen = new Seen().port('a', 50_002, 10_000).trouble('control', 'b', 9_000, 19_000);
    expect(seen.list(20_000, [engine('f', 'a', 50_001)]).promises).toEqual(['I1']);
  });

  test('an engine that is marked as evicted is not shown again', () => {
    const seen = new Seen().fact({ kind: 'eviction mark', at: BEGIN + 1_000, id: 'f', name: 'f' });
    expect(seen.list(1_100, [engine('f', 'a')]).promises).toEqual([]);
    expect(seen.list(1_900, [engine('f', 'a')], 1).promises).toEqual([]);
    expect(seen.list(3_000, [engine('f', 'a')]).promises).toEqual(['I1']);
  });

  test('the mark may be heard of after the answer', () => {
    const seen = new Seen().list(3_000, [engine('f', 'a')]);
    expect(seen.fact({ kind: 'eviction mark', at: BEGIN + 1_000, id: 'f', name: 'f' }).promises).toEqual(['I1']);
  });
});

describe('I7: a port that can not be read', () => {
  test('is valid for its time to live, and not for longer', () => {
    const seen = new Seen().lasting('control', 'a', 1_000).list(5_000, [engine('f', 'a', 50_001)]);
    expect(seen.promises).toEqual([]);
    expect(seen.list(12_000, [engine('f', 'a', 50_001)]).promises).toEqual(['I7']);
  });
});

describe('I2: an engine that is stopped', () => {
  test('has left the list long before', () => {
    expect(new Seen().list(1_000, [engine('f', 'a')]).event(4_000, 'kill', 'f').promises).toEqual([]);
  });

  test('and was still in it just now: a violation', () => {
    expect(new Seen().list(1_000, [engine('f', 'a')]).event(2_500, 'kill', 'f').promises).toEqual(['I2']);
  });

  test('and was still in a stale list just now: a violation, since proxies take that one, too', () => {
    expect(new Seen().list(1_000, [engine('f', 'a')], 3).event(2_500, 'kill', 'f').promises).toEqual(['I2']);
  });

  test('and was only in a stale list of an API that began while Temporal was away is fine: nobody could tell it', () => {
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

  test('by the harness is fine', () => {
    const seen = new Seen().trouble('engine', 'f', 2_400, 2_500).list(2_000, [engine('f', 'a')]);
    expect(seen.event(2_450, 'kill', 'f').promises).toEqual([]);
  });

  test('was never listed: nobody can have it', () => {
    expect(new Seen().event(2_450, 'kill', 'f').promises).toEqual([]);
  });
});

describe("I4: the calm VPN's change", () => {
  const change: Fact = { kind: 'calm change', at: BEGIN + 1_000, from: 52_001, to: 52_002 };
  const changed = () => new Seen().port('calm', 52_002, 1_000).fact(change);

  test('is seen in time, and measured', () => {
    const seen = changed()
      .list(1_100, [engine('f', 'calm', 52_001)])
      .list(1_900, []);
    expect(seen.promises).toEqual([]);
    expect(seen.checker.calm.latencies).toEqual([900]);
  });

  test('is seen too late: a violation', () => {
    // Of I1 as well, which is the same at that time.
    expect(changed().list(6_000, [engine('f', 'calm', 52_001)]).promises).toContain('I4');
  });

  test('does not count while the worker was away', () => {
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

  test('may be stopped by a Docker that is stopped', () => {
    const seen = new Seen().trouble('docker', null, 500, 3_000);
    expect(seen.event(1_000, 'kill', 'other', 'bystander').promises).toEqual([]);
  });

  test('what Docker does of itself is nobody’s doing', () => {
    expect(new Seen().event(1_000, 'exec_start', 'other', 'bystander').promises).toEqual([]);
  });
});

function probe(error: string | null, at = 1_000): Fact {
  return { kind: 'probe', at: BEGIN + at, engine: engine('f', 'a'), error };
}

describe('I6: an engine in the list', () => {
  test('answers', () => expect(new Seen().fact(probe(null)).promises).toEqual([]));
  test('does not answer: a violation', () => expect(new Seen().fact(probe('ECONNREFUSED')).promises).toEqual(['I6']));
  test.each([
    ['engine', 'f'],
    ['vpn', 'a'],
    ['docker', null],
  ] as const)('was hurt by the harness: %s', (kind, target) =>
    expect(new Seen().trouble(kind, target, 500, 900).fact(probe('ECONNREFUSED')).promises).toEqual([]),
  );

  // A VPN was started again while no worker ran, and an engine that had answered before was told to be ready afterwards.
  test('was cut off while the worker was away: 3 s after its return that is known', () => {
    const seen = new Seen().trouble('vpn', 'a', 3_000, 5_000).trouble('worker', null, 1_000, 10_000);
    expect(seen.fact(probe('ECONNREFUSED', 12_900)).promises).toEqual([]);
    expect(seen.fact(probe('ECONNREFUSED', 13_100)).promises).toEqual(['I6']);
  });
});

describe('the API', () => {
  test('silence is a violation, unless it was killed', () => {
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

  test('a remedy that does not come is a violation', () => {
    expect(new Seen().fact({ kind: 'remedy missing', at: BEGIN, what: 'x' }).promises).toEqual(['remedy']);
  });
});

/** Of a stream on an engine of VPN a; `ms` after its request. */
function failure(id: string | null, at = 10_000, ms = 300): Fact {
  const chosen = id === null ? null : ({ id, vpn: 'a' } as const);
  return { kind: 'stream failure', beganAt: BEGIN + at - ms, at: BEGIN + at, engine: chosen, reason: 'ECONNREFUSED' };
}

describe('a list that is not up to date', () => {
  const PARTS = ['worker', 'api', 'temporal', 'docker'] as const;

  test('or none at all, while nothing was away, is a violation', () => {
    expect(new Seen().unavailable(1_000).promises).toEqual(['API']);
    const seen = new Seen().list(1_000, []).list(2_000, [], 1);
    expect(seen.promises).toEqual([]);
    expect(seen.list(2_200, [], 1).promises).toEqual(['API']);
  });

  test('however young it is said to be', () => {
    expect(new Seen().list(1_000, []).list(3_000, [], 0).promises).toEqual(['API']);
  });

  test('for a moment, again and again, is fine: one question was not answered in time', () => {
    const seen = new Seen();
    for (let at = 1_000; at < 20_000; at += 1_000) seen.list(at, []).list(at + 600, [], 1);
    expect(seen.promises).toEqual([]);
  });

  test.each(PARTS)('is excused by the absence of the %s, and while that comes back', (kind) => {
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

  test.each(['vpn', 'health', 'control'] as const)('is not excused by what befalls a VPN: %s', (kind) => {
    const seen = new Seen().trouble(kind, 'a', 1_000, 5_000).list(1_000, []);
    expect(seen.list(4_000, [], 3).promises).toEqual(['API']);
  });

  test('may be as late as the machine is', () => {
    const seen = new Seen().list(1_000, []);
    seen.lagMs = 1_000;
    expect(seen.list(2_900, [], 1).promises).toEqual([]);
    expect(seen.list(3_200, [], 1).promises).toEqual(['API']);
  });
});

const unhealthy = () => new Seen().trouble('health', 'a', 1_000, 9_000);
const portless = () => new Seen().trouble('control', 'a', 1_000, 9_000);
const unhealthyTwice = () => new Seen().trouble('health', 'a', 1_000, 2_000).trouble('health', 'a', 9_000, 11_000);

describe('a VPN that is restarted', () => {
  test('though nothing called for it is a violation, in its container or with it', () => {
    expect(new Seen().vpnEnds(1_000, 'calm').promises).toEqual(['remedy']);
    expect(new Seen().ordered(1_000, 'calm').promises).toEqual(['remedy']);
  });

  test('by the harness, or by a Docker that was stopped, is fine', () => {
    expect(new Seen().trouble('vpn', 'a', 900, 3_000).vpnEnds(1_000, 'a').promises).toEqual([]);
    expect(new Seen().trouble('docker', null, 900, 3_000).vpnEnds(1_000, 'a').promises).toEqual([]);
    expect(new Seen().trouble('vpn', 'b', 900, 3_000).vpnEnds(1_000, 'a').promises).toEqual(['remedy']);
  });

  test('because it was unhealthy for as long as that takes is fine, and before that a violation', () => {
    expect(unhealthy().vpnEnds(6_100, 'a').promises).toEqual([]);
    expect(unhealthy().vpnEnds(5_900, 'a').promises).toEqual(['remedy']);
    expect(unhealthy().vpnEnds(6_100, 'b').promises).toEqual(['remedy']);
    expect(unhealthy().vpnEnds(20_000, 'a').promises).toEqual(['remedy']);
  });

  test('because it had no port for as long as that takes is fine, and before that a violation', () => {
    expect(portless().ordered(4_100, 'a').promises).toEqual([]);
    expect(portless().ordered(3_900, 'a').promises).toEqual(['remedy']);
    expect(portless().ordered(4_100, 'b').promises).toEqual(['remedy']);
    expect(portless().ordered(20_000, 'a').promises).toEqual(['remedy']);
  });

  test('for the wrong reason is a violation: a lost port ends no container, and ill health stops no VPN in it', () => {
    expect(new Seen().trouble('control', 'a', 1_000, 9_000).vpnEnds(7_000, 'a').promises).toEqual(['remedy']);
    expect(new Seen().trouble('health', 'a', 1_000, 9_000).ordered(7_000, 'a').promises).toEqual(['remedy']);
  });

  test('after two troubles between which nobody could see it well is taken for restarted because of one', () => {
    expect(unhealthyTwice().trouble('worker', null, 1_500, 9_500).vpnEnds(10_000, 'a').promises).toEqual([]);
    expect(unhealthyTwice().vpnEnds(10_000, 'a').promises).toEqual(['remedy']);
  });

  test('while only the worker was away is a violation', () => {
    expect(new Seen().trouble('worker', null, 1_000, 20_000).ordered(20_000, 'a').promises).toEqual(['remedy']);
  });

  test('and told to run again does no harm', () => {
    expect(new Seen().ordered(1_000, 'a', 'running').promises).toEqual([]);
  });
});

describe('streams that fail', () => {
  test('for no reason are a violation', () => {
    expect(new Seen().fact(failure('f')).promises).toEqual(['streams']);
    expect(new Seen().fact(failure(null)).promises).toEqual(['streams']);
  });

  test.each([
    ['docker', null, 'Docker was down'],
    ['engine', 'f', 'its engine was hurt'],
    ['hang', 'f', 'its engine was hurt'],
    ['vpn', 'a', "its engine's VPN was down"],
  ] as const)('just after the harness has hurt what they played on are excused: %s', (kind, target, excuse) => {
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

  test('begun when the list should have been without their engine are not excused, unless nobody could watch since', () => {
    expect(new Seen().trouble('vpn', 'a', 7_000, 7_500).fact(failure('f', 12_000)).promises).toEqual(['streams']);
    const unwatched = new Seen().trouble('vpn', 'a', 7_000, 7_500).trouble('worker', null, 7_600, 11_000);
    expect(unwatched.fact(failure('f', 12_000)).promises).toEqual([]);
    const later = new Seen().trouble('vpn', 'a', 7_000, 7_500).trouble('worker', null, 7_600, 9_000);
    expect(later.fact(failure('f', 20_000)).promises).toEqual(['streams']);
  });

  test('while their VPN has long been down are not excused: it was to be hidden when it ended', () => {
    const seen = new Seen().lasting('vpn', 'a', 4_000).vpnEnds(4_100, 'a');
    expect(seen.fact(failure('f', 7_000)).promises).toEqual([]);
    expect(seen.fact(failure('f', 15_000)).promises).toEqual(['streams']);
  });

  test('long after an engine began to hang are excused for as long as it may count as healthy', () => {
    expect(new Seen().lasting('hang', 'f', 1_000).fact(failure('f', 14_000)).promises).toEqual([]);
    expect(new Seen().lasting('hang', 'f', 1_000).fact(failure('f', 24_000)).promises).toEqual(['streams']);
  });

  test('without a list are excused by an API that was killed', () => {
    expect(new Seen().trouble('api', null, 9_500, 11_000).fact(failure(null)).promises).toEqual([]);
    expect(new Seen().trouble('api', null, 1_000, 2_000).fact(failure(null)).promises).toEqual(['streams']);
  });

  test('without a list are excused by an outage only when that is longer than a list is kept', () => {
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

describe('an engine with a stream that was reported', () => {
  const plain = engine('e', 'a');
  const forwarded = engine('f', 'a', 50_001);

  test.each([plain, forwarded])('is not stopped: $id', (on) => {
    expect(reported(on).event(12_000, 'kill', on.id).promises).toEqual(['kept streams']);
  });

  test('may be stopped before the report was answered, and after the end, and any other engine at all times', () => {
    const seen = reported(plain).event(9_900, 'kill', 'e').event(12_000, 'kill', 'other');
    expect(over(seen, 13_000).promises).toEqual([]);
    expect(over(reported(plain), 13_000).event(13_100, 'kill', 'e').promises).toEqual([]);
  });

  test('is not stopped either where the stream is heard to be over before the stop is', () => {
    expect(over(reported(plain), 12_050).event(12_000, 'kill', 'e').promises).toEqual(['kept streams']);
  });

  test.each([
    ['its VPN was down', 'vpn', 'a'],
    ['its VPN was unhealthy', 'health', 'a'],
    ['its VPN was restarted inside the container', 'reconnect', 'a'],
    ['it was hurt', 'engine', 'e'],
    ['it did not answer', 'hang', 'e'],
    ['somebody wanted it gone', 'order', 'e'],
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
    ["somebody wanted the VPN's forwarded engine replaced", 'order', 'a'],
  ] as const)('is not stopped because %s', (_why, kind, target) => {
    const seen = reported(plain, new Seen().trouble(kind, target, 9_000, 9_500)).event(12_000, 'kill', 'e');
    expect(seen.promises).toEqual(['kept streams']);
  });

  test('is not stopped for what was long ago', () => {
    const seen = reported(plain, new Seen().trouble('vpn', 'a', 9_000, 9_500)).event(200_000, 'kill', 'e');
    expect(seen.promises).toEqual(['kept streams']);
  });

  test('that is forwarded may be stopped for another port, and for who wants that one replaced', () => {
    const changed = reported(forwarded, new Seen().port('a', 50_002, 11_000));
    expect(changed.event(12_000, 'kill', 'f').promises).toEqual([]);
    const ordered = reported(forwarded, new Seen().trouble('order', 'a', 11_000, 11_100));
    expect(ordered.event(12_000, 'kill', 'f').promises).toEqual([]);
  });

  test('that is plain may be stopped only when the forwarded port has come to be its own', () => {
    const other = reported(plain, new Seen().port('a', 50_002, 11_000));
    expect(other.event(12_000, 'kill', 'e').promises).toEqual(['kept streams']);
    const same = reported(plain, new Seen().port('a', plain.httpPort, 11_000));
    expect(same.event(12_000, 'kill', 'e').promises).toEqual([]);
  });
});

describe('a machine that is late', () => {
  test('is allowed for as much as was measured', () => {
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
