import type { DockerSnapshot } from '../../src/activities/docker/snapshot';
import { DockerWatch } from '../../src/activities/docker/watch';
import type { VpnMemory } from '../../src/activities/observe/vpn-memory';
import { dockerError } from '../../src/clients/docker/docker-error';
import type { VpnObservation } from '../../src/domain/vpn/observation';

const INTERVAL_MS = 5_000;

/** A Docker that answers unless `fails` throws, and a VPN that is always healthy. */
class Watched {
  asked: { readonly doubted: boolean }[] = [];
  readonly unreachable: string[] = [];
  imagePresent = true;
  doubted = false;
  fails: () => void = () => undefined;
  private readonly stopping = new AbortController();
  readonly watch = new DockerWatch({
    snapshot: async (doubted): Promise<DockerSnapshot> => {
      this.asked.push({ doubted });
      this.fails();
      return {
        ...{ at: 0, monotonicAt: 0, vpn: { kind: 'absent' }, details: null, engines: [] },
        imagePresent: this.imagePresent,
      };
    },
    memory: {
      crashLoop: { steady: (vpn: VpnObservation) => vpn },
      doubt: { snapshotTaken: () => undefined, isOpen: () => this.doubted },
    } as unknown as VpnMemory,
    signal: this.stopping.signal,
    intervalMs: INTERVAL_MS,
    taken: () => undefined,
    changed: () => {
      const { latest } = this.watch;
      if (latest && 'cause' in latest) this.unreachable.push(latest.cause);
    },
  });
  private running: Promise<void> | null = null;

  async asksWithin(ms: number): Promise<number> {
    this.asked = [];
    this.running ??= this.watch.run();
    await jest.advanceTimersByTimeAsync(ms);
    return this.asked.length;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await jest.advanceTimersByTimeAsync(1);
    await this.running;
  }
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a VPN without a sign of change is not read again, and one with a sign is read at once', async () => {
  const watched = new Watched();
  expect(await watched.asksWithin(3_600_000)).toBe(1);
  watched.watch.wake();
  expect(await watched.asksWithin(3_600_000)).toBe(1);
  await watched.stop();
});

test('a VPN in doubt is read twice a second, its container included, for as long as the doubt lasts', async () => {
  const watched = new Watched();
  await watched.asksWithin(1);
  watched.doubted = true;
  watched.watch.wake();
  expect(await watched.asksWithin(4_900)).toBe(10);
  expect(watched.asked.every(({ doubted }) => doubted)).toBe(true);
  watched.doubted = false;
  await watched.asksWithin(600);
  expect(await watched.asksWithin(60_000)).toBe(0);
  await watched.stop();
});

test("a missing image, and Docker's return, are looked for at each check, since no event tells of them", async () => {
  const watched = new Watched();
  watched.imagePresent = false;
  expect(await watched.asksWithin(4 * INTERVAL_MS + 100)).toBe(5);
  watched.imagePresent = true;
  watched.fails = () => {
    throw refused();
  };
  expect(await watched.asksWithin(4 * INTERVAL_MS)).toBe(4);
  expect(watched.unreachable).toHaveLength(4);
  await watched.stop();
});

const broken = () => dockerError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
const refused = () => dockerError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));

test.each([
  ['the error of the next connections is reported', [broken(), broken(), broken(), refused()], ['ECONNREFUSED']],
  ['nothing is reported if the next one is answered', [broken(), broken(), broken()], []],
  ['the break is reported if nothing else is known', Array.from({ length: 10 }, broken), ['broken']],
])('connections that Docker breaks: %s', async (_what, failures, told) => {
  const left = [...failures];
  const watched = new Watched();
  watched.fails = () => {
    const failure = left.shift();
    if (failure) throw failure;
  };
  await watched.asksWithin(INTERVAL_MS - 1_000);
  expect(watched.unreachable).toEqual(told);
  await watched.stop();
});
