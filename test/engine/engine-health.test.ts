import { EngineHealth } from '../../src/activities/engine-health';
import type { Health } from '../../src/domain/engine';
import { DAY } from '../builders';

beforeEach(() => jest.useFakeTimers({ now: DAY }));
afterEach(() => jest.useRealTimers());

const INTERVAL_MS = 20_000;
const THRESHOLD = 3;
const ID = 'engine';
const endpoint = () => ({ host: '127.0.0.1', port: 19_000 });

/** An engine whose API answers or not, asked whenever it is due. */
class Asked {
  up = true;
  asked = 0;
  readonly health: EngineHealth;

  constructor(believed: Health = 'unknown', startupTimeoutMs = 25_000) {
    this.health = new EngineHealth(
      {
        answers: async () => {
          this.asked++;
          if (!this.up) throw new Error('refused');
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
      if (this.health.due(ID, performance.now())) await this.health.ask(ID, endpoint, signal);
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

test('an engine that is booting is asked often, so that it is listed soon after it is up', async () => {
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

test('one that never answers is unhealthy after the same time as any other', async () => {
  const engine = new Asked();
  engine.up = false;
  await engine.pass(THRESHOLD * INTERVAL_MS - 1_000);
  expect(engine.health.health(ID)).toBe('unknown');
  await engine.pass(2_000);
  expect(engine.health.health(ID)).toBe('unhealthy');
});

test('an engine that takes long to boot is not unhealthy before its start-up time is over', async () => {
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

test('an engine that has no address from here has failed', async () => {
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

test('being called off is no failure', async () => {
  const engine = new Asked('healthy');
  engine.up = false;
  await engine.pass(10 * THRESHOLD * INTERVAL_MS, AbortSignal.abort());
  expect(engine.health.health(ID)).toBe('healthy');
});

test('a new run of the container begins anew, the same one does not', async () => {
  const engine = new Asked('healthy');
  engine.health.track(ID, DAY, 'unknown');
  expect(engine.health.health(ID)).toBe('healthy');
  engine.health.track(ID, DAY + 1, 'unknown');
  expect(engine.health.health(ID)).toBe('unknown');
});

test('engines that are gone are forgotten', () => {
  const engine = new Asked('healthy');
  engine.health.keepOnly(new Set());
  expect([engine.health.health(ID), engine.health.due(ID, performance.now() + INTERVAL_MS)]).toEqual([
    'unknown',
    false,
  ]);
});
