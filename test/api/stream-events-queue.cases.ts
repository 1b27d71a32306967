import * as fc from 'fast-check';
import type { StreamEvent } from '../../src/domain/streams/stream';
import { StreamEventQueue, TooManyWaiting } from '../../src/api/streams/stream-events-queue';
import { ended, started } from '../stream-events';
import { Later, turnTime } from './api-under-test';

/** A queue, and the batches that it has sent to a workflow. */
class QueueUnderTest {
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

  test('the first event after a quiet time is sent at once; events that arrive meanwhile are sent together, in order', async () => {
    const tested = new QueueUnderTest();
    const taken = [tested.queue.add(started('a')), tested.queue.add(ended('a')), tested.queue.add(started('b'))];
    expect(tested.ids).toEqual([['a']]);
    await jest.advanceTimersByTimeAsync(50);
    await Promise.all(taken);
    expect(tested.ids).toEqual([['a'], ['a', 'b']]);
  });

  test('after a quiet time two batches are sent without a pause; later ones wait twice as long as the last one took, at most 400 ms', async () => {
    const tested = new QueueUnderTest();
    const sentAt: number[] = [];
    const began = performance.now();
    let takes = 60;
    tested.answer = () => {
      sentAt.push(performance.now() - began);
      return new Promise((resolve) => setTimeout(resolve, takes));
    };
    const all = [tested.queue.add(started('a')), tested.queue.add(started('b'))];
    await jest.advanceTimersByTimeAsync(60);
    expect(sentAt).toEqual([0, 60]);
    all.push(tested.queue.add(started('c')));
    await jest.advanceTimersByTimeAsync(60 + 120 - 1);
    expect(sentAt).toHaveLength(2);
    takes = 5_000;
    await jest.advanceTimersByTimeAsync(1);
    expect(sentAt).toEqual([0, 60, 240]);
    all.push(tested.queue.add(started('d')));
    await jest.advanceTimersByTimeAsync(5_000 + 400);
    expect(sentAt.slice(3)).toEqual([5_640]);
    await jest.advanceTimersByTimeAsync(5_000 + 2 * 400);
    takes = 60;
    all.push(tested.queue.add(started('e')), tested.queue.add(started('f')));
    await jest.advanceTimersByTimeAsync(120);
    expect(sentAt.slice(4)).toEqual([11_440, 11_500]);
    await Promise.all(all);
  });

  test('an event is accepted only when its batch is accepted', async () => {
    const tested = new QueueUnderTest();
    const later = new Later<void>();
    tested.answer = () => later.promise;
    let accepted = false;
    const taken = tested.queue.add(started('a')).then(() => (accepted = true));
    await jest.advanceTimersByTimeAsync(10_000);
    expect([tested.batches.length, accepted]).toEqual([1, false]);
    later.resolve();
    await taken;
  });

  test('if a batch is refused, only its events are refused, with its error', async () => {
    const tested = new QueueUnderTest();
    tested.answer = () => Promise.reject(new Error('unavailable'));
    const refused = outcome(tested.queue.add(started('a')));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await refused).toBe('unavailable');
    tested.answer = async () => undefined;
    const taken = tested.queue.add(started('b'));
    await jest.advanceTimersByTimeAsync(1_000);
    await taken;
    expect(tested.ids).toEqual([['a'], ['b']]);
  });

  test('batches are sent one at a time, so that events stay in order', async () => {
    const tested = new QueueUnderTest();
    const later = new Later<void>();
    tested.answer = () => later.promise;
    const first = tested.queue.add(started('a'));
    await jest.advanceTimersByTimeAsync(100);
    const second = tested.queue.add(ended('a'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(tested.ids).toEqual([['a']]);
    expect(tested.queue.waiting).toHaveLength(2);
    later.resolve();
    await jest.advanceTimersByTimeAsync(1_000);
    await Promise.all([first, second]);
    expect(tested.ids).toEqual([['a'], ['a']]);
    expect(tested.queue.waiting).toEqual([]);
  });

  test('a flush sends the waiting events without a pause, and resolves when they are accepted', async () => {
    const tested = new QueueUnderTest();
    const later = new Later<void>();
    tested.answer = () => later.promise;
    const first = tested.queue.add(started('a'));
    await jest.advanceTimersByTimeAsync(1_000);
    const second = tested.queue.add(started('b'));
    const flushed = tested.queue.flush();
    later.resolve();
    // No time passes, so a batch after a pause would never be sent.
    await Promise.all([first, second, flushed]);
    expect(tested.ids).toEqual([['a'], ['b']]);
    await tested.queue.flush();
  });

  test('a flush that ends does not slow down one that began later', async () => {
    const tested = new QueueUnderTest();
    tested.answer = () => new Promise((resolve) => setTimeout(resolve, 100));
    const taken = [tested.queue.add(started('a'))];
    const flushed = [tested.queue.flush()];
    // Together too long for one batch.
    const statUrl = 'x'.repeat(40_000);
    for (const id of ['b', 'c', 'd']) taken.push(tested.queue.add(started(id, { statUrl })));
    flushed.push(tested.queue.flush());
    // As long as four batches take without a pause.
    await jest.advanceTimersByTimeAsync(400);
    await Promise.all([...taken, ...flushed]);
    expect(tested.ids).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  test('a batch stays below 64 KB, however many events wait', async () => {
    const tested = new QueueUnderTest();
    const count = 200;
    const long = 'x'.repeat(2_000);
    const taken = Array.from({ length: count }, (_, i) => tested.queue.add(started(String(i), { statUrl: long })));
    await jest.advanceTimersByTimeAsync(60_000);
    await Promise.all(taken);
    expect(tested.ids.flat()).toEqual(Array.from({ length: count }, (_, i) => String(i)));
    for (const batch of tested.batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(64 * 1024);
  });

  test('the bytes of waiting events are limited', async () => {
    const tested = new QueueUnderTest();
    const later = new Later<void>();
    tested.answer = () => later.promise;
    const large = started('a', { key: 'x'.repeat(1024 * 1024) });
    const taken = [1, 2, 3].map(() => tested.queue.add(large));
    await expect(tested.queue.add(large)).rejects.toThrow(TooManyWaiting);
    later.resolve();
    await jest.advanceTimersByTimeAsync(10_000);
    await Promise.all(taken);
    const further = tested.queue.add(large);
    await jest.advanceTimersByTimeAsync(10_000);
    await further;
  });

  test('for any arrival of events and any answers, each event is sent exactly once, in order, no faster than the pace', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ pause: fc.nat(1_500), takes: fc.nat(900), fails: fc.boolean() }), { maxLength: 60 }),
        async (steps) => {
          const sentAt: { started: number; ended: number }[] = [];
          const sent: string[] = [];
          const answers = steps.map((s) => s);
          const queue = new StreamEventQueue(async (events) => {
            const startedAt = performance.now();
            for (const e of events) sent.push(e.kind === 'ended' ? e.id : '');
            const { takes, fails } = answers.shift() ?? { takes: 0, fails: false };
            await new Promise((resolve) => setTimeout(resolve, takes));
            sentAt.push({ started: startedAt, ended: performance.now() });
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
          const pauses = sentAt.map((batch) => Math.min(400, 2 * (batch.ended - batch.started)));
          const gaps = sentAt.map((batch, i) => batch.started - (sentAt[i - 1]?.ended ?? -Infinity));
          // Only a batch that follows a quiet time may have no pause after it.
          const withoutPause = pauses.filter(
            (pause, i) => (gaps[i] ?? 0) < 2 * (pauses[i - 1] ?? 0) - 1 && (gaps[i + 1] ?? Infinity) < pause - 1,
          );
          expect(withoutPause).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
}
