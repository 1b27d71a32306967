import type { Fault } from '../../chaos/faults';
import { NotPossible, wasHindered } from '../../chaos/hindrance';
import { Tally } from '../../chaos/tally';

const killed: Fault = { kind: 'worker-kill', at: 0, forMs: 0 };
const dockerKilled: Fault = { kind: 'docker-kill', at: 0, forMs: 0 };
const done = { done: true, hindered: false, outcome: '' };
const hindered = { done: false, hindered: true, outcome: 'no engine is listed' };
const failed = { done: false, hindered: false, outcome: 'x is not a function' };

type Outcome = typeof done;

function tallied(fault: Fault, planned: number, outcomes: readonly Outcome[]): Tally {
  const tally = new Tally();
  tally.addFaults(
    Array.from({ length: planned }, () => fault),
    outcomes.map((outcome) => ({ fault, ...outcome })),
  );
  return tally;
}
const neverFired = (fault: Fault, planned: number, outcomes: readonly Outcome[], privateDocker = true) =>
  tallied(fault, planned, outcomes).neverFired({ privateDocker });

describe('a kind of fault that never fired', () => {
  test('fails the run, and is named', () => {
    expect(neverFired(killed, 2, [])).toEqual(['worker-kill was planned 2 times and never fired']);
    expect(neverFired(killed, 1, [failed])).toHaveLength(1);
  });

  test('does not fail the run if it has fired once', () => {
    expect(neverFired(killed, 9, [failed, hindered, done])).toEqual([]);
  });

  test('does not fail the run if other faults prevented it, unless they did so in each of many tries', () => {
    expect(neverFired(killed, 1, [hindered])).toEqual([]);
    expect(neverFired(killed, 2, [hindered, failed])).toEqual([]);
    expect(neverFired(killed, 4, [hindered, hindered, hindered, hindered])).toHaveLength(1);
  });

  test('does not fail the run if it is a fault of Docker and there is no private Docker', () => {
    expect(neverFired(dockerKilled, 9, [hindered], false)).toEqual([]);
    expect(neverFired(dockerKilled, 9, [hindered], true)).toHaveLength(1);
  });

  test('does not fail the run if it was not planned', () =>
    expect(new Tally().neverFired({ privateDocker: true })).toEqual([]));
});

test('the table counts the faults that happened, were prevented and failed', () => {
  const lines = tallied(killed, 4, [done, done, hindered, failed]).lines();
  expect(lines.find((line) => line.startsWith('worker-kill'))).toMatch(/^worker-kill +2 +1 +1$/);
  expect(lines).toContain('  not possible: worker-kill: no engine is listed');
  expect(lines).toContain('  failed: worker-kill: x is not a function');
});

test.each([
  ['it says so itself', new NotPossible('no engine is listed on either VPN'), true],
  ['the container is gone', Object.assign(new Error('(HTTP code 404) no such container'), { statusCode: 404 }), true],
  ['the VPN is stopped', new Error('PUT http://x/port: expected 200, found 409 expected a running VPN'), true],
  ['nobody is there', new Error('connect ECONNREFUSED 10.1.2.3:8999'), true],
  ['the API is away', new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }), true],
  ['the simulator has no such route', new Error('PUT http://x/prot: expected 200, found 404 no route'), false],
  ['the harness is wrong', new TypeError('x is not a function'), false],
])('a fault that did not happen was either prevented or has failed: %s', (_what, error, expected) => {
  expect(wasHindered(error)).toBe(expected);
});
