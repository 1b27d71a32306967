import { pauseUntil } from '../../src/lib/pause';

test('a pause never ends early, not even by a part of a millisecond', async () => {
  for (let round = 0; round < 100; round++) {
    const began = performance.now();
    await pauseUntil(1.9);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1.9);
  }
});

test('a pause ends with its signal, and at once if that is already aborted', async () => {
  const stop = new AbortController();
  const paused = pauseUntil(3_600_000, stop.signal);
  stop.abort();
  await expect(paused).resolves.toBeUndefined();
  const late = pauseUntil(3_600_000, new AbortController().signal, stop.signal);
  await expect(late).resolves.toBeUndefined();
});
