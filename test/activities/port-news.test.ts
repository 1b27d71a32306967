import { PortNews } from '../../src/activities/port/port-news';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const never = new AbortController().signal;

/** After how many ms it goes on; null while it waits. */
function waiter(news: PortNews): { at: number | null } {
  const begun = performance.now();
  const waits: { at: number | null } = { at: null };
  void news.allTakenUp(never).then(() => (waits.at = performance.now() - begun));
  return waits;
}

test('engines start when the workflows of all VPNs with a new port have taken it in', async () => {
  const news = new PortNews();
  news.tell('a');
  news.tell('b');
  const waits = waiter(news);
  await jest.advanceTimersByTimeAsync(500);
  news.takenUp('a');
  await jest.advanceTimersByTimeAsync(500);
  expect(waits.at).toBeNull();
  news.takenUp('b');
  await jest.advanceTimersByTimeAsync(0);
  expect(waits.at).toBe(1_000);
});

test("starts don't wait without a new port, and not for long for an idle workflow or ports that keep changing", async () => {
  const news = new PortNews();
  const free = waiter(news);
  await jest.advanceTimersByTimeAsync(0);
  expect(free.at).toBe(0);

  news.tell('a');
  const mute = waiter(news);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(mute.at).toBe(3_000);
  await jest.advanceTimersByTimeAsync(0);
  const after = waiter(news);
  await jest.advanceTimersByTimeAsync(0);
  expect(after.at).toBe(0);

  const storm = waiter(news);
  for (let n = 0; n < 10; n++) {
    news.tell(`vpn${n}`);
    await jest.advanceTimersByTimeAsync(500);
  }
  expect(storm.at).toBeLessThanOrEqual(3_000);
});

test('a cancelled start does not wait', async () => {
  const news = new PortNews();
  news.tell('a');
  const cancelled = new AbortController();
  const waits = news.allTakenUp(cancelled.signal).then(() => 'over');
  cancelled.abort();
  expect(await waits).toBe('over');
});
