import type { FleetMember, FleetState } from '../../src/domain/fleet';
import { isTold } from '../../src/domain/fleet-told';
import { fleetSettings, member } from '../fleet-builders';

function fleet(demand: number | null, ...members: FleetMember[]): FleetState {
  return { settings: fleetSettings({ minReplicas: 2 }), demand, members, wanted: null, told: {} };
}

test('VPNs have been told when each has the target that the demand makes', () => {
  const members = [member('a', { target: 3 }), member('b', { target: 2 })];
  expect(isTold(fleet(5, ...members))).toBe(true);
  expect(isTold(fleet(6, ...members))).toBe(false);
  expect(isTold(fleet(null, ...members))).toBe(false);
});

test('before the first look nobody has been told', () => {
  expect(isTold(fleet(2))).toBe(false);
  expect(isTold(fleet(2, member('a')))).toBe(false);
});

test('who does not answer is not waited for', () => {
  expect(isTold(fleet(2, member('a', { target: 1 }), member('b', null)))).toBe(true);
  expect(isTold(fleet(2, member('a', { target: 1 }), { ...member('b', { target: 3 }), answers: false }))).toBe(true);
});
