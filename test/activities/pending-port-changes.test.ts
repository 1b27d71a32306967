import { PendingPortChanges } from '../../src/activities/port/pending-port-changes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const never = new AbortController().signal;

/** After how many ms it goes on; null while it waits. */
function waiter(changes: PendingPortChanges): { at: number | null } {
  const begun = performance.now();
  const waits: { at: number | null } = { at: null };
  void changes.allTakenUp(never).then(() => (waits.at = performance.now() - begun));
  return waits;
}

test('engines start when the workflows of all VPNs with a new port have taken it in', async () => {
  const changes = new PendingPortChanges();
  changes.reported('a');
  changes.reported('b');
  const waits = waiter(changes);
  await jest.advanceTimersByTimeAsync(500);
  changes.takenUp('a');
  await jest.advanceTimersByTimeAsync(500);
  expect(waits.at).toBeNull();
  changes.takenUp('b');
  await jest.advanceTimersByTimeAsync(0);
  expect(waits.at).toBe(1_000);
});

test("starts don't wait without a new port, and not for long for an idle workflow or ports that keep changing", async () => {
  const changes = new PendingPortChanges();
  const free = waiter(changes);
  await jest.advanceTimersByTimeAsync(0);
  expect(free.at).toBe(0);

  changes.reported('a');
  const mute = waiter(changes);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(mute.at).toBe(3_000);
  await jest.advanceTimersByTimeAsync(0);
  const after = waiter(changes);
  await jest.advanceTimersByTimeAsync(0);
  expect(after.at).toBe(0);

  const storm = waiter(changes);
  for (let n = 0; n < 10; n++) {
    changes.reported(`vpn${n}`);
    await jest.advanceTimersByTimeAsync(500);
  }
  expect(storm.at).toBeLessThanOrEqual(3_000);
});

test('a cancelled start does not wait', async () => {
  const changes = new PendingPortChanges();
  changes.reported('a');
  const cancelled = new AbortController();
  const waits = changes.allTakenUp(cancelled.signal).then(() => 'over');
  cancelled.abort();
  expect(await waits).toBe('over');
});
