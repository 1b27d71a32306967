import { HintLimiter } from '../../src/activities/port/hint-limiter';
import { VpnHints } from '../../src/activities/port/vpn-hints';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('hints to a watch', () => {
  test('are followed at once, as many as a port change brings', () => {
    let followed = 0;
    const limiter = new HintLimiter(() => followed++);
    for (let i = 0; i < 5; i++) limiter.hint();
    expect(followed).toBe(5);
  });

  test('are followed a few times a second if there are very many, and the last one is not lost', async () => {
    let last = 0;
    let followed = 0;
    const limiter = new HintLimiter(() => {
      followed++;
      last = performance.now();
    });
    const begun = performance.now();
    for (let ms = 0; ms < 60_000; ms += 10) {
      limiter.hint();
      await jest.advanceTimersByTimeAsync(10);
    }
    const ended = performance.now();
    expect(followed / ((ended - begun) / 1_000)).toBeLessThan(3);
    limiter.hint();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(last).toBeGreaterThanOrEqual(ended);
    limiter.hint();
    limiter.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('hints to this process', () => {
  let hints: VpnHints;
  let elsewhere: string[];
  const hint = (vpn: string) => hints.hint(vpn, () => elsewhere.push(vpn));
  beforeEach(() => ([hints, elsewhere] = [new VpnHints(), []]));

  test('reach the watch of the VPN, and no other', () => {
    const followed: string[] = [];
    const ends = ['one', 'two'].map((vpn) => hints.watch(vpn, () => followed.push(vpn)));
    hint('two');
    expect([followed, elsewhere]).toEqual([['two'], []]);
    for (const end of ends) end();
  });

  test('for a VPN that is not watched here are passed on at once', () => {
    hint('one');
    expect(elsewhere).toEqual(['one']);
  });

  test('between two watches are dropped when the next one begins, which reads everything', async () => {
    hints.watch('one', () => undefined)();
    hint('one');
    await jest.advanceTimersByTimeAsync(200);
    hints.watch('one', () => undefined);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(elsewhere).toEqual([]);
  });

  test('after the last watch are passed on once no other one has begun here', async () => {
    hints.watch('one', () => undefined)();
    for (let i = 0; i < 10; i++) hint('one');
    expect(elsewhere).toEqual([]);
    await jest.advanceTimersByTimeAsync(300);
    expect(elsewhere).toEqual(['one']);
    hint('one');
    expect(elsewhere).toEqual(['one', 'one']);
  });

  test('a VPN counts as watched here for a while after its watch has ended: the next one may be about to begin', async () => {
    expect(hints.wasWatchedWithin('gluetun', 1_000)).toBe(false);
    const leave = hints.watch('gluetun', () => undefined);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(hints.wasWatchedWithin('gluetun', 1_000)).toBe(true);
    leave();
    await jest.advanceTimersByTimeAsync(900);
    expect(hints.wasWatchedWithin('gluetun', 1_000)).toBe(true);
    await jest.advanceTimersByTimeAsync(200);
    expect(hints.wasWatchedWithin('gluetun', 1_000)).toBe(false);
  });
});
