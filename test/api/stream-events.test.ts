import { NothingOfThatName, NotTaken, StreamEvents, type VpnStreamsKnown } from '../../src/api/stream-events';
import type { Stream, StreamEvent } from '../../src/domain/stream';
import { withEvents } from '../../src/api/stream-events-ahead';
import { DAY } from '../builders';
import { ended, stream } from '../streams/events';
import { Later, turnTime } from './api-under-test';

beforeEach(turnTime);
afterEach(() => jest.useRealTimers());

/** VPNs whose workflows take what they are told; a list is as it was when it was asked for last. */
class Vpns {
  readonly told: { vpn: string; events: readonly StreamEvent[] }[] = [];
  answer: () => Promise<void> = async () => undefined;
  engines = new Map([
    ['gluetun', [{ vpn: 'gluetun', id: 'a'.repeat(64), name: 'engine-a', httpPort: 19_000 }]],
    ['gluetun2', [{ vpn: 'gluetun2', id: 'b'.repeat(64), name: 'engine-b', httpPort: 19_050 }]],
  ]);
  silent: string | null = null;
  asked = 0;
  private readonly state = new Map<string, readonly Stream[]>();
  private lists: VpnStreamsKnown[] = [];

  readonly events = new StreamEvents(
    { read: async () => this.lists, readAnew: async () => this.ask() },
    new Map(
      ['gluetun', 'gluetun2'].map((vpn) => [
        vpn,
        async (events) => {
          this.told.push({ vpn, events });
          await this.answer();
          this.state.set(vpn, withEvents(this.state.get(vpn) ?? [], events));
        },
      ]),
    ),
  );

  constructor() {
    this.ask();
  }

  ask(): VpnStreamsKnown[] {
    this.asked++;
    this.lists = [...this.engines].map(([vpn, engines]) => ({
      vpn,
      engines,
      streams: this.state.get(vpn) ?? [],
      askedAt: performance.now(),
      fresh: vpn !== this.silent,
    }));
    return this.lists;
  }

  has(vpn: string, ...streams: Stream[]): void {
    this.state.set(vpn, streams);
    this.ask();
  }

  /** The list of that VPN as the API shows it. */
  shown(vpn = 'gluetun'): [id: string, status: string][] {
    const known = this.lists.find((v) => v.vpn === vpn);
    return (known ? this.events.streams(known) : []).map((s) => [s.id, s.endedAt === null ? 'started' : 'ended']);
  }

  start(id: string, port = 19_000, { host = 'gluetun', containerId = null as string | null } = {}): Promise<Stream> {
    const { containerId: _, startedAt: _at, endedAt: _ended, endReason: _reason, ...reported } = stream(id);
    return this.events.started({ engine: { host, port, containerId }, stream: reported });
  }

  end(streamId: string | null, containerId: string | null = null): Promise<{ updated: boolean; stream: Stream }> {
    return this.events.ended({ streamId, containerId, reason: null });
  }
}

const soon = () => jest.advanceTimersByTimeAsync(1_000);

test.each([
  ['by port, whatever host the proxy knows it under', 19_000, { host: 'localhost' }, 'gluetun', 'a'],
  ['by port, whatever container the proxy names', 19_050, { host: 'x', containerId: 'acexy' }, 'gluetun2', 'b'],
  ['by container id where no engine has the port', 6878, { containerId: 'b'.repeat(64) }, 'gluetun2', 'b'],
  ["by Docker's short form of the id", 6878, { containerId: 'b'.repeat(12) }, 'gluetun2', 'b'],
  ['by name', 6878, { containerId: 'engine-b' }, 'gluetun2', 'b'],
])('an engine is found %s', async (_how, port, named, vpn, id) => {
  const vpns = new Vpns();
  const started = vpns.start('s', port, named);
  await soon();
  expect((await started).containerId).toBe(id.repeat(64));
  expect(vpns.told.map((t) => t.vpn)).toEqual([vpn]);
});

test('where two VPNs have the port, the host decides', async () => {
  const vpns = new Vpns();
  vpns.engines.get('gluetun2')?.push({ vpn: 'gluetun2', id: 'c'.repeat(64), name: 'engine-c', httpPort: 19_000 });
  vpns.ask();
  const started = vpns.start('s', 19_000, { host: 'gluetun2' });
  await soon();
  expect((await started).containerId).toBe('c'.repeat(64));
});

test('an engine that is not known is asked for once more, and only then not found', async () => {
  const vpns = new Vpns();
  vpns.engines.get('gluetun')?.push({ vpn: 'gluetun', id: 'd'.repeat(64), name: 'engine-d', httpPort: 19_001 });
  const started = vpns.start('s', 19_001);
  await soon();
  expect((await started).containerId).toBe('d'.repeat(64));
  const before = vpns.asked;
  await expect(vpns.start('t', 19_099)).rejects.toThrow(NothingOfThatName);
  expect(vpns.asked - before).toBe(1);
  expect(vpns.told).toHaveLength(1);
});

test('while a workflow does not answer nothing is called unknown', async () => {
  const vpns = new Vpns();
  vpns.silent = 'gluetun2';
  vpns.ask();
  await expect(vpns.start('s', 19_099)).rejects.toThrow(NotTaken);
  await expect(vpns.end('nobody')).rejects.toThrow(
    'the workflow of gluetun2 does not answer; try again, and see /vpn/status',
  );
  vpns.silent = null;
  vpns.ask();
  await expect(vpns.end('nobody')).rejects.toThrow(NothingOfThatName);
});

test('an accepted event is in the list that was asked for before it, until another one has it', async () => {
  const vpns = new Vpns();
  const started = vpns.start('s');
  await soon();
  await started;
  const known = vpns.events.version('gluetun', 0);
  expect(vpns.shown()).toEqual([['s', 'started']]);
  const over = vpns.end('s');
  await soon();
  expect(await over).toMatchObject({ updated: true, stream: { id: 's' } });
  expect(vpns.shown()).toEqual([['s', 'ended']]);
  expect(vpns.events.version('gluetun', 0)).not.toBe(known);
  await soon();
  vpns.ask();
  expect(vpns.shown()).toEqual([['s', 'ended']]);
  expect(vpns.events.version('gluetun', performance.now())).toBe('');
});

test('an end that comes while its start still waits is told after it', async () => {
  const vpns = new Vpns();
  const started = vpns.start('s');
  await jest.advanceTimersByTimeAsync(5);
  const over = vpns.end('s');
  expect(vpns.told).toEqual([]);
  await soon();
  expect([(await started).id, (await over).updated]).toEqual(['s', true]);
  expect(vpns.told.flatMap((t) => t.events.map((e) => e.kind))).toEqual(['started', 'ended']);
});

test('repeats are not told again: of a start, of an end, of a start after the end', async () => {
  const vpns = new Vpns();
  vpns.has('gluetun', stream('runs'), stream('over', { endedAt: DAY + 5, endReason: null }));
  expect((await vpns.start('runs')).startedAt).toBe(DAY);
  expect((await vpns.start('over')).endedAt).toBe(DAY + 5);
  expect(await vpns.end('over')).toMatchObject({ updated: false, stream: { endedAt: DAY + 5 } });
  expect(vpns.told).toEqual([]);
});

test('a repeat of what still waits is answered when that is accepted, and refused when that is', async () => {
  const vpns = new Vpns();
  const later = new Later<void>();
  vpns.answer = () => later.promise;
  const first = vpns.start('s');
  await soon();
  let answered = false;
  const repeat = vpns.start('s').finally(() => (answered = true));
  await soon();
  expect([answered, vpns.told.length]).toEqual([false, 1]);
  const outcomes = Promise.allSettled([first, repeat]);
  later.reject(new Error('unavailable'));
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: expect.any(NotTaken) });
  expect(vpns.shown()).toEqual([]);
});

test('what Temporal does not take is not in the list, and may be reported again', async () => {
  const vpns = new Vpns();
  vpns.answer = () => Promise.reject(new Error('unavailable'));
  const refused = Promise.allSettled([vpns.start('s')]);
  await soon();
  const message = expect.stringContaining("Temporal did not take it for VPN 'gluetun': unavailable");
  expect(await refused).toMatchObject([{ reason: { message } }]);
  expect(vpns.shown()).toEqual([]);
  vpns.answer = async () => undefined;
  const again = vpns.start('s');
  await soon();
  await again;
  expect(vpns.shown()).toEqual([['s', 'started']]);
});

test('without a stream id the newest stream that runs on the container ends', async () => {
  const vpns = new Vpns();
  const on = { containerId: 'a'.repeat(64) };
  vpns.has(
    'gluetun',
    stream('old', { ...on, startedAt: DAY }),
    stream('newest', { ...on, startedAt: DAY + 2_000 }),
    stream('over', { ...on, startedAt: DAY + 3_000, endedAt: DAY + 4_000 }),
    stream('elsewhere', { containerId: 'e'.repeat(64), startedAt: DAY + 5_000 }),
  );
  const over = vpns.end(null, 'engine-a');
  await soon();
  expect(await over).toMatchObject({ updated: true, stream: { id: 'newest' } });
  await expect(vpns.end(null, 'acexy')).rejects.toThrow("no stream runs on container 'acexy'");
});

test('an unknown stream id ends no other stream, whatever container is named', async () => {
  const vpns = new Vpns();
  vpns.has('gluetun', stream('runs', { containerId: 'a'.repeat(64) }));
  await expect(vpns.end('unknown', 'engine-a')).rejects.toThrow("no stream 'unknown' is known");
  expect(vpns.told).toEqual([]);
});

test('VPNs do not wait for one another', async () => {
  const vpns = new Vpns();
  const later = new Later<void>();
  vpns.answer = () => later.promise;
  const first = vpns.start('s');
  await soon();
  vpns.answer = async () => undefined;
  const other = vpns.start('t', 19_050);
  await soon();
  expect((await other).containerId).toBe('b'.repeat(64));
  later.resolve();
  await first;
});

test('a flush resolves when everything that waited is accepted', async () => {
  const vpns = new Vpns();
  const started = [vpns.start('s'), vpns.start('t', 19_050)];
  await Promise.resolve();
  await Promise.resolve();
  await vpns.events.flush();
  await Promise.all(started);
  expect(vpns.told).toHaveLength(2);
});

test('what events come to is the same for a list and for its repeat', () => {
  const events = [{ kind: 'started', stream: stream('s') }, ended('s'), ended('nobody')] as const;
  const once = withEvents([], events);
  expect(once).toMatchObject([{ id: 's', endedAt: DAY + 60_000 }]);
  expect(withEvents(once, events)).toEqual(once);
});
