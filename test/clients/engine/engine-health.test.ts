import { EngineHealth } from '../../../src/activities/observe/engine-health';
import type { Health } from '../../../src/domain/engine';
import { DAY } from '../../builders';

beforeEach(() => jest.useFakeTimers({ now: DAY }));
afterEach(() => jest.useRealTimers());

const INTERVAL_MS = 20_000;
const THRESHOLD = 3;
const ID = 'engine';
const endpoint = () => ({ host: '127.0.0.1', port: 19_000 });

/** An engine whose API answers or not, asked whenever it is due. */
class Asked {
  up = true;
  hangs = false;
  failure: Error = new Error('no answer');
  asked = 0;
  readonly health: EngineHealth;

  constructor(believed: Health = 'unknown', startupTimeoutMs = 25_000) {
    this.health = new EngineHealth(
      {
        answers: async (_endpoint, signal) => {
          this.asked++;
          if (this.hangs) await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
          if (!this.up) throw this.failure;
        },
        connected: () => Promise.reject(new Error('health does not depend on the network')),
      },
      { intervalMs: INTERVAL_MS, failureThreshold: THRESHOLD, startupTimeoutMs: startupTimeoutMs },
    );
    this.health.track(ID, DAY, believed);
  }

  async pass(ms: number, signal = new AbortController().signal): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      jest.advanceTimersByTime(100);
      if (this.health.dueInMs(ID, performance.now()) <= 0) await this.health.ask(ID, endpoint, signal);
    }
  }
}

test('an engine is healthy once it has answered, and asked at the interval from then on', async () => {
  const engine = new Asked();
  expect(engine.health.health(ID)).toBe('unknown');
  await engine.pass(100);
  expect(engine.health.health(ID)).toBe('healthy');
  expect(engine.health.lastCheck(ID)).toBe(DAY + 100);
  await engine.pass(INTERVAL_MS - 100);
  expect(engine.asked).toBe(1);
  await engine.pass(100);
  expect(engine.asked).toBe(2);
});

test('a starting engine is asked often, so that it is listed soon after its start', async () => {
  const engine = new Asked();
  engine.up = false;
  await engine.pass(5_000);
  expect(engine.asked).toBe(10);
  engine.up = true;
  await engine.pass(500);
  expect(engine.health.health(ID)).toBe('healthy');
});

test('only HEALTH_FAILURE_THRESHOLD failures in a row make a healthy engine unhealthy', async () => {
  const engine = new Asked('healthy');
  engine.up = false;
  await engine.pass((THRESHOLD - 1) * INTERVAL_MS);
  engine.up = true;
  await engine.pass(INTERVAL_MS);
  engine.up = false;
  await engine.pass((THRESHOLD - 1) * INTERVAL_MS);
  expect(engine.health.health(ID)).toBe('healthy');
  await engine.pass(INTERVAL_MS);
  expect(engine.health.health(ID)).toBe('unhealthy');
});

test('an engine that never answers is unhealthy after the same time as any other', async () => {
  const engine = new Asked();
  engine.up = false;
  await engine.pass(THRESHOLD * INTERVAL_MS - 1_000);
  expect(engine.health.health(ID)).toBe('unknown');
  await engine.pass(2_000);
  expect(engine.health.health(ID)).toBe('unhealthy');
});

test('an engine is not unhealthy before its start-up time-out', async () => {
  const startupTimeoutMs = 2 * THRESHOLD * INTERVAL_MS;
  const engine = new Asked('unknown', startupTimeoutMs);
  engine.up = false;
  await engine.pass(startupTimeoutMs - 1_000);
  expect(engine.health.health(ID)).toBe('unknown');
  engine.up = true;
  await engine.pass(500);
  expect(engine.health.health(ID)).toBe('healthy');
});

test('an unhealthy engine that answers again is healthy', async () => {
  const engine = new Asked('unhealthy');
  await engine.pass(INTERVAL_MS);
  expect(engine.health.health(ID)).toBe('healthy');
});

test('an engine without an address from here has failed', async () => {
  const engine = new Asked('healthy');
  for (let i = 0; i < THRESHOLD; i++) {
    await engine.health.ask(
      ID,
      () => {
        throw new Error('not published');
      },
      new AbortController().signal,
    );
  }
  expect(engine.health.health(ID)).toBe('unhealthy');
});

test('a cancelled question is not a failure', async () => {
  const engine = new Asked('healthy');
  engine.up = false;
  await engine.pass(10 * THRESHOLD * INTERVAL_MS, AbortSignal.abort());
  expect(engine.health.health(ID)).toBe('healthy');
});

test('a cancelled question has no result, and the next watch asks again at once', async () => {
  const engine = new Asked();
  engine.hangs = true;
  const watch = new AbortController();
  const asking = engine.pass(100, watch.signal);
  watch.abort();
  await asking;
  expect(engine.health.lastCheck(ID)).toBeNull();
  engine.hangs = false;
  expect(engine.health.dueInMs(ID, performance.now())).toBeLessThanOrEqual(0);
  await engine.pass(100);
  expect([engine.asked, engine.health.health(ID), engine.health.lastCheck(ID)]).toEqual([2, 'healthy', DAY + 200]);
});

test('a new run of the container begins anew, the same run does not', async () => {
  const engine = new Asked('healthy');
  engine.health.track(ID, DAY, 'unknown');
  expect(engine.health.health(ID)).toBe('healthy');
  engine.health.track(ID, DAY + 1, 'unknown');
  expect(engine.health.health(ID)).toBe('unknown');
});

test('engines that are gone are forgotten', () => {
  const engine = new Asked('healthy');
  engine.health.keepOnly(new Set());
  expect([engine.health.health(ID), engine.health.dueInMs(ID, performance.now() + INTERVAL_MS)]).toEqual([
    'unknown',
    Infinity,
  ]);
});

describe('an engine that has answered', () => {
  const refusal = new TypeError('fetch failed', {
    cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  });

  test('and refuses connections twice in a row is silent at once, but not unhealthy any sooner', async () => {
    const engine = new Asked('healthy');
    await engine.pass(100);
    engine.up = false;
    engine.failure = refusal;
    await engine.pass(INTERVAL_MS);
    expect(await engine.health.ask(ID, endpoint, new AbortController().signal)).toBe(false);
    expect(engine.health.isSilent(ID)).toBe(true);
    await engine.pass((THRESHOLD - 1) * INTERVAL_MS - 1_000);
    expect(engine.health.health(ID)).toBe('healthy');
    await engine.pass(2_000);
    expect(engine.health.health(ID)).toBe('unhealthy');
  });

  test('and refuses a connection for the first time is a sign about its VPN, once', async () => {
    const engine = new Asked('healthy');
    engine.up = false;
    engine.failure = refusal;
    const { signal } = new AbortController();
    expect(await engine.health.ask(ID, endpoint, signal)).toBe(true);
    expect(engine.health.isSilent(ID)).toBe(false);
    expect(await engine.health.ask(ID, endpoint, signal)).toBe(false);
    expect(engine.health.isSilent(ID)).toBe(true);
  });

  test('and fails otherwise is not silent, unless it is in doubt', async () => {
    const engine = new Asked('healthy');
    engine.up = false;
    await engine.pass(INTERVAL_MS);
    expect(engine.health.isSilent(ID)).toBe(false);
    engine.health.doubt(ID, performance.now());
    await engine.pass(100);
    expect(engine.health.isSilent(ID)).toBe(true);
  });

  test('is asked at once when in doubt, even if an earlier question hangs, and has 2 s to answer', async () => {
    const engine = new Asked('healthy');
    engine.hangs = true;
    const { signal } = new AbortController();
    const before = engine.health.ask(ID, endpoint, signal);
    jest.advanceTimersByTime(100);
    expect(engine.health.dueInMs(ID, performance.now())).toBe(Infinity);
    engine.health.doubtAll(performance.now());
    expect(engine.health.dueInMs(ID, performance.now())).toBeLessThanOrEqual(0);
    const now = engine.health.ask(ID, endpoint, signal);
    await jest.advanceTimersByTimeAsync(2_000);
    await now;
    expect(engine.health.isSilent(ID)).toBe(true);
    void before;
  });

  test('and answers when in doubt stays listed, and the doubt ends', async () => {
    const engine = new Asked('healthy');
    await engine.pass(100);
    engine.health.doubtAll(performance.now());
    await engine.pass(10_000);
    expect(engine.health.isSilent(ID)).toBe(false);
    const { asked } = engine;
    expect(asked).toBeGreaterThan(10);
    await engine.pass(5_000);
    expect(engine.asked - asked).toBeLessThanOrEqual(1);
  });

  test('is listed again with its first answer, and after growing times of answers if it keeps falling silent', async () => {
    const engine = new Asked('healthy');
    const hiddenMs: number[] = [];
    for (let i = 0; i < 5; i++) {
      engine.up = false;
      engine.health.doubt(ID, performance.now());
      await engine.pass(1_000);
      expect(engine.health.isSilent(ID)).toBe(true);
      engine.up = true;
      const from = performance.now();
      while (engine.health.isSilent(ID)) await engine.pass(100);
      hiddenMs.push(performance.now() - from);
    }
    expect(hiddenMs[0]).toBeLessThan(1_000);
    expect(hiddenMs.slice(1).map((ms) => Math.floor(ms / 1_000))).toEqual([1, 2, 4, 8]);
  });
});
