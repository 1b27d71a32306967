import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { PoolHints } from '../../src/activities/pool-hints';
import { createFleetActivities, type PoolNews, type WatchPoolInput } from '../../src/activities/watch-pool';
import { isWorkerStopping } from '../../src/activities/worker-stopping';
import type { PoolFacts } from '../../src/domain/pool';
import { fleetSettings, member } from '../fleet-builders';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const INTERVAL_MS = 30_000;

/** A watch of VPNs a and b, which say what `facts` holds; a VPN that is not in it does not answer. */
class Watch {
  readonly facts = new Map<string, PoolFacts>();
  readonly hints = new PoolHints(async () => {});
  readonly stopping = new AbortController();
  // What activities say of their end is not worth a line.
  readonly environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  news: PoolNews | null = null;
  error: unknown = null;
  looks = 0;

  private readonly activities = createFleetActivities({
    poolFacts: async (vpn) => {
      this.looks++;
      const facts = this.facts.get(vpn);
      if (!facts) throw new Error(`${vpn} does not answer`);
      return facts;
    },
    hints: this.hints,
    stopping: this.stopping.signal,
  });

  begin(input: Partial<WatchPoolInput> = {}): void {
    const settings = fleetSettings({ minReplicas: 4 });
    // As they are: nothing is news by itself.
    const members = [...this.facts].map(([vpn, facts]) => member(vpn, facts));
    this.environment
      .run((given: WatchPoolInput): Promise<PoolNews> => this.activities.watchPool(given), {
        ...{ settings, demand: null, members, told: {} },
        ...input,
      })
      .then(
        (news) => (this.news = news as PoolNews),
        (error: unknown) => (this.error = error),
      );
  }

  set(vpn: string, change: Partial<PoolFacts> = {}): void {
    this.facts.set(vpn, { condition: 'healthy', engines: 2, busy: 0, target: 2, ...this.facts.get(vpn), ...change });
  }

  /** The VPN's workflow says that it is different now. */
  hint(vpn: string, change: Partial<PoolFacts>): Promise<void> {
    this.set(vpn, change);
    this.hints.changed(vpn);
    return this.pass(200);
  }

  async pass(ms: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(ms);
  }
}

async function begun(input: Partial<WatchPoolInput> = {}, b: Partial<PoolFacts> = {}): Promise<Watch> {
  const watch = new Watch();
  watch.set('a');
  watch.set('b', b);
  watch.begin(input);
  await watch.pass(0);
  return watch;
}

test('a pool that is as it should be is watched for 10 minutes, with a look at each interval', async () => {
  const watch = await begun();
  await watch.pass(9 * 60_000);
  expect(watch.news).toBeNull();
  expect(watch.looks).toBe(2 * (1 + (9 * 60_000) / INTERVAL_MS));
  await watch.pass(60_000);
  expect(watch.news).toMatchObject({ wanted: 4, targets: {} });
});

test('between the intervals only who says that it is different is asked', async () => {
  const watch = await begun();
  const before = watch.looks;
  await watch.hint('a', { busy: 1 });
  expect(watch.looks).toBe(before + 1);
});

test('more engines are wanted at once, fewer only when that lasts', async () => {
  const more = await begun();
  await more.hint('a', { busy: 4 });
  expect(more.news?.targets).toEqual({ a: 4 });

  const fewer = await begun({}, { target: 3 });
  await fewer.pass(1_900);
  expect(fewer.news).toBeNull();
  await fewer.pass(200);
  expect(fewer.news?.targets).toEqual({ b: 2 });
});

test('fewer engines that somebody asks for are told at once, and by the first watch only', async () => {
  const watch = await begun({ demand: 5 }, { target: 3 });
  expect(watch.news).toBeNull();
  watch.begin({ demand: null });
  await watch.pass(0);
  expect(watch.news?.targets).toEqual({ b: 2 });

  watch.news = null;
  watch.begin({ demand: null });
  await watch.pass(1_900);
  expect(watch.news).toBeNull();
  await watch.pass(200);
  expect(watch.news).not.toBeNull();
});

test('a stream that ends and one that begins soon after move nothing', async () => {
  // One engine more than there are streams.
  const watch = await begun({ settings: fleetSettings({ minReplicas: 2 }) }, { busy: 3, target: 3 });
  await watch.hint('a', { target: 1 });
  await watch.hint('b', { busy: 2 });
  await watch.pass(1_500);
  await watch.hint('b', { busy: 3 });
  await watch.pass(60_000);
  expect(watch.news).toBeNull();
});

test('a VPN that is another in health is news though no target differs', async () => {
  const watch = await begun({ settings: fleetSettings({ minReplicas: 2, minFreeReplicas: 0 }, ['a']) });
  await watch.hint('a', { condition: 'down' });
  expect(watch.news).toMatchObject({ targets: {}, members: [{ vpn: 'a', facts: { condition: 'down' } }] });
});

test('who was told and does not do it is told again at the interval only', async () => {
  const watch = await begun({ told: { b: 2 } }, { target: 1 });
  await watch.pass(INTERVAL_MS - 1_000);
  expect(watch.news).toBeNull();
  await watch.pass(2_000);
  expect(watch.news?.targets).toEqual({ b: 2 });
});

test('who was told to have fewer and does not is not looked at without a pause', async () => {
  const watch = await begun({ settings: fleetSettings({ minReplicas: 2 }), told: { b: 1 } }, { target: 3, busy: 3 });
  // First it is one too many, which is new to it; then two, which it was told.
  await watch.hint('a', { target: 1 });
  await watch.hint('b', { busy: 2 });
  await watch.hint('b', { busy: 0 });
  await watch.pass(5_000);
  const before = performance.now();
  await jest.advanceTimersToNextTimerAsync(2);
  expect(performance.now() - before).toBeGreaterThan(1_000);
});

test('who has done it and forgotten it, as one that begins anew, is told at once', async () => {
  const watch = await begun({ told: { b: 2 } });
  await watch.hint('b', { target: 1 });
  expect(watch.news?.targets).toEqual({ b: 2 });
});

test('who does not answer is asked again soon, and keeps its part meanwhile', async () => {
  const watch = new Watch();
  watch.set('a');
  watch.begin({ members: [member('a', { target: 2 }), { ...member('b', { target: 2 }), answers: false }] });
  await watch.pass(5_000);
  expect(watch.news).toBeNull();
  watch.set('b', { target: 1 });
  await watch.pass(1_500);
  expect(watch.news?.targets).toEqual({ b: 2 });
});

test('it stops at once when its worker does, and when it is cancelled', async () => {
  const stopped = await begun();
  stopped.stopping.abort();
  await stopped.pass(0);
  expect(isWorkerStopping(stopped.error)).toBe(true);

  const cancelled = await begun();
  cancelled.environment.cancel();
  await cancelled.pass(0);
  expect(cancelled.error).toMatchObject({ name: 'CancelledFailure' });
  const { looks } = cancelled;
  await cancelled.hint('a', { busy: 4 });
  expect(cancelled.looks).toBe(looks);
});

/** How often the fleet is told of what happens. */
async function told(work: (hints: PoolHints) => Promise<unknown>): Promise<number> {
  const tell = jest.fn(async () => {});
  await work(new PoolHints(tell));
  return tell.mock.calls.length;
}

describe('a hint where nobody watches', () => {
  test('goes to the fleet, at most one each 2 s', async () => {
    const times = await told(async (hints) => {
      for (let i = 0; i < 40; i++) {
        hints.changed('a');
        await jest.advanceTimersByTimeAsync(100);
      }
    });
    expect(times).toBe(2);
  });

  test('does not when the next watch begins here, which looks at once', async () => {
    const times = await told(async (hints) => {
      hints.changed('a');
      hints.watch(() => {});
      await jest.advanceTimersByTimeAsync(10_000);
    });
    expect(times).toBe(0);
  });
});
