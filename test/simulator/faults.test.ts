import { Faults } from '../../simulator/vpn/faults';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a fault with a time ends then, and not before', () => {
  const faults = new Faults();
  faults.set({ kind: '500', forMs: 200 });
  jest.advanceTimersByTime(199);
  expect(faults.current?.kind).toBe('500');
  jest.advanceTimersByTime(1);
  expect(faults.current).toBeNull();
});

test('the time of an earlier fault does not end a later one', () => {
  const faults = new Faults();
  faults.set({ kind: '500', forMs: 200 });
  faults.set({ kind: '401' });
  jest.advanceTimersByTime(1_000);
  expect(faults.current).toEqual({ kind: '401' });
});

test('a request that hangs goes on when the time of the fault is over', async () => {
  const faults = new Faults();
  faults.set({ kind: 'hang', forMs: 200 });
  const passed = faults.passed();
  jest.advanceTimersByTime(200);
  await expect(passed).resolves.toBeUndefined();
});
