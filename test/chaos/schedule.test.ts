import { assert, integer, nat, property, subarray } from 'fast-check';
import { FAULT_KINDS, type FaultKind } from '../../chaos/faults';
import { faultLine, makeSchedule, parseKinds, PORTS } from '../../chaos/schedule';

const seeds = nat();
const lengths = integer({ min: 1, max: 60 });
const someKinds = subarray(
  FAULT_KINDS.filter((kind) => kind !== 'calm-change'),
  { minLength: 1 },
);

test('the same seed makes the same schedule', () => {
  assert(
    property(seeds, lengths, someKinds, (seed, seconds, kinds) => {
      expect(makeSchedule({ seed, seconds, kinds })).toEqual(makeSchedule({ seed, seconds, kinds }));
    }),
  );
});

test('neighbouring seeds make different schedules', () => {
  const texts = Array.from({ length: 200 }, (_, seed) =>
    JSON.stringify(makeSchedule({ seed, seconds: 10, kinds: FAULT_KINDS }).faults),
  );
  expect(new Set(texts).size).toBe(200);
});

test('faults are in order, within the time and of the wanted kinds, and the calm VPN only changes its port', () => {
  assert(
    property(seeds, lengths, someKinds, (seed, seconds, kinds) => {
      const { faults } = makeSchedule({ seed, seconds, kinds });
      const times = faults.map(({ at }) => at);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.every((at) => at >= 0 && at <= seconds * 1000)).toBe(true);
      expect(faults.every(({ kind }) => kind === 'calm-change' || kinds.includes(kind))).toBe(true);
      expect(faults.some(({ kind }) => kind === 'calm-change')).toBe(true);
      const onVpns = faults.filter((fault) => 'vpn' in fault);
      expect(onVpns.every(({ kind, vpn }) => (vpn === 'calm') === (kind === 'calm-change'))).toBe(true);
      const ported = onVpns.filter((fault) => 'port' in fault);
      expect(ported.every(({ vpn, port }) => port === null || PORTS[vpn].includes(port))).toBe(true);
    }),
  );
});

test("a schedule has at most two failures of a VPN's engines, and one of Docker", () => {
  const failures: FaultKind[] = ['engine-crash', 'engine-kill', 'engine-remove', 'engine-hang'];
  const stops: FaultKind[] = ['docker-restart', 'docker-kill'];
  assert(
    property(seeds, (seed) => {
      const { faults } = makeSchedule({ seed, seconds: 60, kinds: [...failures, ...stops] });
      for (const vpn of ['a', 'b']) {
        expect(faults.filter((f) => failures.includes(f.kind) && 'vpn' in f && f.vpn === vpn).length).toBeLessThan(3);
      }
      expect(faults.filter(({ kind }) => stops.includes(kind)).length).toBeLessThan(2);
    }),
  );
});

test('any 20 schedules in a row have every kind of fault', () => {
  assert(
    property(nat(1_000_000), (first) => {
      const kinds = new Set<FaultKind>();
      for (let seed = first; seed < first + 20; seed++) {
        for (const fault of makeSchedule({ seed, seconds: 8, kinds: FAULT_KINDS }).faults) kinds.add(fault.kind);
      }
      expect([...kinds].toSorted()).toEqual([...FAULT_KINDS].toSorted());
    }),
  );
});

test('a fault is printed as one line', () => {
  expect(faultLine({ kind: 'vpn-restart', at: 1234, vpn: 'b', port: null })).toBe('  1.2 s  vpn-restart b port=same');
});

test('kinds are read from the command line, and a wrong one is named', () => {
  expect(parseKinds('port-flip, api-kill')).toEqual(['port-flip', 'api-kill']);
  expect(() => parseKinds('port-flip,earthquake')).toThrow("found 'earthquake'");
});
