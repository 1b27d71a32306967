import * as fc from 'fast-check';
import type { StreamEvent } from '../../src/domain/streams/stream';
import { StreamEventQueue, TooManyWaiting } from '../../src/api/streams/stream-events-queue';
import { ended, started } from '../stream-events';
import { Later, turnTime } from './api-under-test';

/** A VPN's workflow that takes what it is told, or not. */
class Told {
  readonly batches: (readonly StreamEvent[])[] = [];
  answer: () => Promise<void> = async () => undefined;
  readonly queue = new StreamEventQueue(async (events) => {
    this.batches.push(events);
    await this.answer();
  });

  get ids(): string[][] {
    return this.batches.map((events) => events.map((e) => (e.kind === 'started' ? e.stream.id : e.id)));
  }
}

function outcome(taken: Promise<void>): Promise<string> {
  return taken.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
}

export function streamEventsQueueCases(): void {
  beforeEach(turnTime);

  afterEach(() => jest.useRealTimers());

  test('the first event after a quiet time goes at once; those that come meanwhile go together, in their order', async () => {
    const told = new Told();
    const taken = [told.queue.add(started('a')), told.queue.add(ended('a')), told.queue.add(started('b'))];
    expect(told.ids).toEqual([['a']]);
    await jest.advanceTimersByTimeAsync(50);
    await Promise.all(taken);
    expect(told.ids).toEqual([['a'], ['a', 'b']]);
  });

  test('after a quiet time two batches go without a pause; the next one waits twice as long as the last one took, 400 ms at most', async () => {
    const told = new Told();
    const sentAt: number[] = [];
    const began = performance.now();
    let takes = 60;
    told.answer = () => {
      sentAt.push(performance.now() - began);
      return new Promise((resolve) => setTimeout(resolve, takes));
    };
    const all = [told.queue.add(started('a')), told.queue.add(started('b'))];
    await jest.advanceTimersByTimeAsync(60);
    expect(sentAt).toEqual([0, 60]);
    all.push(told.queue.add(started('c')));
    await jest.advanceTimersByTimeAsync(60 + 120 - 1);
    expect(sentAt).toHaveLength(2);
    takes = 5_000;
    await jest.advanceTimersByTimeAsync(1);
    expect(sentAt).toEqual([0, 60, 240]);
    all.push(told.queue.add(started('d')));
    await jest.advanceTimersByTimeAsync(5_000 + 400);
    expect(sentAt.slice(3)).toEqual([5_640]);
    await jest.advanceTimersByTimeAsync(5_000 + 2 * 400);
    takes = 60;
    all.push(told.queue.add(started('e')), told.queue.add(started('f')));
    await jest.advanceTimersByTimeAsync(120);
    expect(sentAt.slice(4)).toEqual([11_440, 11_500]);
    await Promise.all(all);
  });

  test('an event is accepted only when its batch is', async () => {
    const told = new Told();
    const later = new Later<void>();
    told.answer = () => later.promise;
    let accepted = false;
    const taken = told.queue.add(started('a')).then(() => (accepted = true));
    await jest.advanceTimersByTimeAsync(10_000);
    expect([told.batches.length, accepted]).toEqual([1, false]);
    later.resolve();
    await taken;
  });

  test('a batch that is refused takes only its own events with it, and says why', async () => {
    const told = new Told();
    told.answer = () => Promise.reject(new Error('unavailable'));
    const refused = outcome(told.queue.add(started('a')));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await refused).toBe('unavailable');
    told.answer = async () => undefined;
    const taken = told.queue.add(started('b'));
    await jest.advanceTimersByTimeAsync(1_000);
    await taken;
    expect(told.ids).toEqual([['a'], ['b']]);
  });

  test('one batch at a time, whatever it takes: the order is kept', async () => {
    const told = new Told();
    const later = new Later<void>();
    told.answer = () => later.promise;
    const first = told.queue.add(started('a'));
    await jest.advanceTimersByTimeAsync(100);
    const second = told.queue.add(ended('a'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(told.ids).toEqual([['a']]);
    expect(told.queue.waiting).toHaveLength(2);
    later.resolve();
    await jest.advanceTimersByTimeAsync(1_000);
    await Promise.all([first, second]);
    expect(told.ids).toEqual([['a'], ['a']]);
    expect(told.queue.waiting).toEqual([]);
  });

  test('a flush sends what waits without a further pause, and is over when that is accepted', async () => {
    const told = new Told();
    const later = new Later<void>();
    told.answer = () => later.promise;
    const first = told.queue.add(started('a'));
    await jest.advanceTimersByTimeAsync(1_000);
    const second = told.queue.add(started('b'));
    const flushed = told.queue.flush();
    later.resolve();
    // No time goes by: what paused would never come.
    await Promise.all([first, second, flushed]);
    expect(told.ids).toEqual([['a'], ['b']]);
    await told.queue.flush();
  });

  test('a batch stays small enough for a history, however much waits', async () => {
    const told = new Told();
    const count = 200;
    const long = 'x'.repeat(2_000);
    const taken = Array.from({ length: count }, (_, i) => told.queue.add(started(String(i), { statUrl: long })));
    await jest.advanceTimersByTimeAsync(60_000);
    await Promise.all(taken);
    expect(told.ids.flat()).toEqual(Array.from({ length: count }, (_, i) => String(i)));
    for (const batch of told.batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(64 * 1024);
  });

  test('what waits is limited, and room is made as it goes', async () => {
    const told = new Told();
    const later = new Later<void>();
    told.answer = () => later.promise;
    const large = started('a', { key: 'x'.repeat(1024 * 1024) });
    const taken = [1, 2, 3].map(() => told.queue.add(large));
    await expect(told.queue.add(large)).rejects.toThrow(TooManyWaiting);
    later.resolve();
    await jest.advanceTimersByTimeAsync(10_000);
    await Promise.all(taken);
    const further = told.queue.add(large);
    await jest.advanceTimersByTimeAsync(10_000);
    await further;
  });

  test('however events come and batches are taken, each event goes exactly once, in order, at no more than the pace', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ pause: fc.nat(1_500), takes: fc.nat(900), fails: fc.boolean() }), { maxLength: 60 }),
        async (steps) => {
          const sentAt: { begun: number; ended: number }[] = [];
          const sent: string[] = [];
          const answers = steps.map((s) => s);
          const queue = new StreamEventQueue(async (events) => {
            const begun = performance.now();
            for (const e of events) sent.push(e.kind === 'ended' ? e.id : '');
            const { takes, fails } = answers.shift() ?? { takes: 0, fails: false };
            await new Promise((resolve) => setTimeout(resolve, takes));
            sentAt.push({ begun, ended: performance.now() });
            if (fails) throw new Error('not now');
          });
          const outcomes: Promise<string>[] = [];
          for (const [i, { pause }] of steps.entries()) {
            outcomes.push(outcome(queue.add(ended(String(i)))));
            await jest.advanceTimersByTimeAsync(pause);
          }
          await jest.advanceTimersByTimeAsync(600_000);
          expect(sent).toEqual(steps.map((_, i) => String(i)));
          for (const came of await Promise.all(outcomes)) expect(['accepted', 'not now']).toContain(came);
          const pauses = sentAt.map((batch) => Math.min(400, 2 * (batch.ended - batch.begun)));
          const gaps = sentAt.map(({ begun }, i) => begun - (sentAt[i - 1]?.ended ?? -Infinity));
          // Without a pause after it goes only what came after a quiet time.
          const hasty = pauses.filter(
            (pause, i) => (gaps[i] ?? 0) < 2 * (pauses[i - 1] ?? 0) - 1 && (gaps[i + 1] ?? Infinity) < pause - 1,
          );
          expect(hasty).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
}
