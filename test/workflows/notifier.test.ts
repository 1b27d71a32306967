// Events are sent to a receiver by an activity, with the VPN's real workflow on a real Temporal server.
import { TemporalBench, type VpnStand } from './bench';
import { until } from '../simulator/until';

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
}, 120_000);
afterAll(() => bench?.stop());

function toldNumbers(stand: VpnStand): number[] {
  return stand.notified.flatMap(({ events }) => events.map(({ number }) => number));
}

async function untilAllTold(stand: VpnStand): Promise<void> {
  await stand.untilQuiet();
  await stand.untilState('all told', (s) => s.events.length > 0 && s.notified === s.events.at(-1)?.number);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

test.concurrent('each event is sent once and in order, and events that come meanwhile are in the next batch', () =>
  bench.with(
    async (stand) => {
      await stand.start();
      await stand.untilForwarded(40_000);
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await untilAllTold(stand);
      const { incarnation, events } = await stand.state();
      expect(toldNumbers(stand)).toEqual(upTo(events.length));
      expect(stand.notified.flatMap((batch) => batch.events)).toEqual(events);
      for (const batch of stand.notified) {
        expect(batch).toMatchObject({
          instance: stand.settings.instance,
          vpn: stand.settings.vpn,
          incarnation,
          missed: 0,
        });
      }
      const kinds = events.map(({ event }) => event.kind);
      expect(kinds).toEqual(
        expect.arrayContaining(['port_changed', 'engine_evicted', 'engine_ready', 'engine_stopped']),
      );
    },
    { notify: true },
  ),
);

test.concurrent(
  'a receiver that fails gets the same batch again, then the rest, and port changes are followed meanwhile',
  () =>
    bench.with(
      async (stand) => {
        stand.failing = { activity: 'notify', message: 'the receiver answers 500' };
        await stand.start();
        await stand.untilForwarded(40_000);
        stand.port = { kind: 'known', port: 40_001 };
        await stand.untilForwarded(40_001);
        const tried = () => stand.calls.filter((call) => call.startsWith('notify '));
        await until('a second attempt', async () => tried().length >= 2);
        expect((await stand.state()).notified).toBe(0);
        expect(new Set(tried()).size).toBe(1);
        stand.failing = null;
        await untilAllTold(stand);
        const { events } = await stand.state();
        expect(toldNumbers(stand)).toEqual(upTo(events.length));
      },
      { notify: true },
    ),
);

test.concurrent(
  'when the worker stops while a batch is being sent, the next run begins after that, and does not send it again',
  () =>
    bench.with(
      async (stand) => {
        stand.failing = { activity: 'notify', message: 'the receiver answers 500' };
        await stand.start();
        await stand.untilForwarded(40_000);
        await until('an attempt', async () => stand.calls.some((call) => call.startsWith('notify ')));
        const { runId } = await stand.handle.describe();
        await stand.handle.signal('handOver');
        stand.failing = null;
        await until('another run', async () => (await stand.handle.describe()).runId !== runId, 30_000);
        await untilAllTold(stand);
        const { events } = await stand.state();
        expect(toldNumbers(stand)).toEqual(upTo(events.length));
      },
      { notify: true },
    ),
);

test.concurrent('a batch that is refused or given up is dropped, and later events are sent', () =>
  bench.with(
    async (stand) => {
      stand.failing = { activity: 'notify', message: 'given up', type: 'Refused', nonRetryable: true };
      await stand.start();
      await stand.untilForwarded(40_000);
      const { notified } = await stand.untilState(
        'the first ones dropped',
        (s) => s.notified === s.events.at(-1)?.number,
      );
      expect(stand.notified).toEqual([]);
      stand.failing = null;
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await untilAllTold(stand);
      const { events } = await stand.state();
      expect(toldNumbers(stand)).toEqual(upTo(events.length).slice(notified));
      expect(stand.notified.every(({ missed }) => missed === 0)).toBe(true);
    },
    { notify: true },
  ),
);

test.concurrent(
  'without a receiver events cost nothing in the history, and a later receiver gets only later events',
  () =>
    bench.with(async (stand) => {
      await stand.start();
      await stand.untilForwarded(40_000);
      await untilAllTold(stand);
      const { notified } = await stand.state();
      const { events = [] } = await stand.handle.fetchHistory();
      const scheduled = (events ?? []).map((e) => e.activityTaskScheduledEventAttributes?.activityType?.name);
      expect(scheduled).toContain('observe');
      expect(scheduled).not.toContain('notify');
      await stand.handle.signal('configure', { ...stand.settings, notify: true });
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await untilAllTold(stand);
      expect(toldNumbers(stand)[0]).toBe(notified + 1);
    }),
);
