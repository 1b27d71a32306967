import { CATCH_UP_WITHIN_MS } from '../../src/api/reads/reads';
import { VpnFollower } from '../../src/api/reads/vpn-follower';
import { WorkerLiveness } from '../../src/api/reads/worker-liveness';
import { EngineOrStreamNotFound, ReportNotStored, StreamEvents } from '../../src/api/streams/stream-events';
import { withEvents } from '../../src/api/streams/stream-events-queue';
import type { Stream, StreamEvent } from '../../src/domain/streams/stream';
import { DAY, plainEngine } from '../builders';
import { ended, stream } from '../stream-events';
import { Later, turnTime } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const opened: Vpns[] = [];

const A = plainEngine(19_000, { id: 'a'.repeat(64), name: 'engine-a' });

const B = plainEngine(19_050, { id: 'b'.repeat(64), name: 'engine-b' });

/** Two VPNs whose workflows accept reports. */
class Vpns {
  readonly one = new VpnStandIn('gluetun', [A]);
  readonly two = new VpnStandIn('gluetun2', [B]);
  private readonly followers = [this.one, this.two].map(
    (vpn) => new VpnFollower(vpn, { lagMs: 600, worker: new WorkerLiveness() }),
  );
  readonly events = new StreamEvents(this.followers);

  static async followed(): Promise<Vpns> {
    const vpns = new Vpns();
    for (const follower of vpns.followers) void follower.run();
    opened.push(vpns);
    await soon();
    return vpns;
  }

  close(): void {
    for (const follower of this.followers) follower.stop();
  }

  /** The events sent to both VPNs. */
  get told(): StreamEvent[] {
    return [...this.one.told, ...this.two.told].flat();
  }

  /** The streams of the first VPN as the API shows them. */
  get shown(): [id: string, status: string][] {
    const streams = this.followers[0]?.lists.last?.streams.streams ?? [];
    return streams.map((s) => [s.id, s.endedAt === null ? 'started' : 'ended']);
  }

  start(id: string, port = 19_000, { host = 'gluetun', containerId = null as string | null } = {}): Promise<Stream> {
    const { containerId: _, startedAt: _at, endedAt: _ended, endReason: _reason, ...reported } = stream(id);
    return this.events.started({ engine: { host, port, containerId }, stream: reported });
  }

  end(streamId: string | null, containerId: string | null = null): Promise<{ updated: boolean; stream: Stream }> {
    return this.events.ended({ streamId, containerId, reason: null });
  }
}

/** Lets time pass until pending work has been answered or has given up. */
async function soon(): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await jest.advanceTimersByTimeAsync(100);
    await new Promise(setImmediate);
  }
}

/** The result of the work, while time passes. */
async function resultOf<T>(work: Promise<T>): Promise<T> {
  const settled = Promise.allSettled([work]);
  await soon();
  await settled;
  return work;
}

export function streamEventsCases(): void {
  beforeEach(turnTime);

  afterEach(() => {
    for (const vpns of opened.splice(0)) vpns.close();
    jest.useRealTimers();
  });

  test.each([
    ['by port, whatever host name the proxy uses', 19_000, { host: 'localhost' }, 'a'],
    ['by port, whatever container the proxy names', 19_050, { host: 'x', containerId: 'acexy' }, 'b'],
    ['by container id if no engine has the port', 6878, { containerId: 'b'.repeat(64) }, 'b'],
    ["by Docker's short form of the id", 6878, { containerId: 'b'.repeat(12) }, 'b'],
    ['by name', 6878, { containerId: 'engine-b' }, 'b'],
  ])('an engine is found %s', async (_how, port, named, id) => {
    const vpns = await Vpns.followed();
    expect((await resultOf(vpns.start('s', port, named))).containerId).toBe(id.repeat(64));
    expect([vpns.one.told.length, vpns.two.told.length]).toEqual(id === 'a' ? [1, 0] : [0, 1]);
  });

  test('if two VPNs have engines with the port, the host decides', async () => {
    const vpns = await Vpns.followed();
    vpns.two.list(B, plainEngine(19_000, { id: 'c'.repeat(64) }));
    await soon();
    expect((await resultOf(vpns.start('s', 19_000, { host: 'gluetun2' }))).containerId).toBe('c'.repeat(64));
  });

  test('a stream on a hidden or booting engine is accepted', async () => {
    const vpns = await Vpns.followed();
    vpns.one.hidden = [plainEngine(19_001, { id: 'h'.repeat(64) })];
    vpns.one.list(A);
    await soon();
    expect((await resultOf(vpns.start('s', 19_001))).containerId).toBe('h'.repeat(64));
  });

  test('an unknown engine is looked up with new queries before it counts as not found', async () => {
    const vpns = await Vpns.followed();
    // The API process has not received this list yet.
    vpns.one.answerEngines = async () => ({ version: '7', engines: [A, plainEngine(19_001, { id: 'd'.repeat(64) })] });
    expect((await resultOf(vpns.start('s', 19_001))).containerId).toBe('d'.repeat(64));
    const before = vpns.two.asked.length;
    await expect(resultOf(vpns.start('t', 19_099))).rejects.toThrow(EngineOrStreamNotFound);
    expect(vpns.two.asked.length - before).toBe(1);
    expect(vpns.told).toHaveLength(1);
  });

  test('while a workflow does not answer, no engine or stream counts as not found', async () => {
    const vpns = await Vpns.followed();
    vpns.two.fail();
    await soon();
    await expect(resultOf(vpns.start('s', 19_099))).rejects.toThrow(ReportNotStored);
    await expect(resultOf(vpns.end('nobody'))).rejects.toThrow(
      'the workflow of gluetun2 does not answer; try again, and see /vpn/status',
    );
    vpns.two.list(B);
    await expect(resultOf(vpns.end('nobody'))).rejects.toThrow(EngineOrStreamNotFound);
  });

  test('a report is answered when reads show its effect', async () => {
    const vpns = await Vpns.followed();
    const shownWith = async <T>(report: Promise<T>) => ({ answer: await report, shown: vpns.shown });
    expect(await resultOf(shownWith(vpns.start('s')))).toMatchObject({ shown: [['s', 'started']] });
    const over = await resultOf(shownWith(vpns.end('s')));
    expect(over).toMatchObject({ answer: { updated: true, stream: { id: 's' } }, shown: [['s', 'ended']] });
  });

  test('a stored report is answered even if no worker runs', async () => {
    const vpns = await Vpns.followed();
    const nobody = new Later<never>();
    vpns.one.answerEngines = () => nobody.promise;
    expect((await resultOf(vpns.start('s'))).id).toBe('s');
    expect(vpns.told).toHaveLength(1);
  });

  test('a start on an engine that was released meanwhile is refused, with another error than one of too many streams', async () => {
    const vpns = await Vpns.followed();
    vpns.one.takesStreams = false;
    await expect(resultOf(vpns.start('s'))).rejects.toThrow(
      "VPN 'gluetun' has the largest number of streams that is kept for one VPN",
    );
    vpns.one.answerTold = async () => vpns.one.list();
    await expect(resultOf(vpns.start('s'))).rejects.toThrow('no engine of Portward has port 19000');
  });

  test('an end that arrives while its start is waiting is sent after the start', async () => {
    const vpns = await Vpns.followed();
    const later = new Later<void>();
    vpns.one.answerTold = () => later.promise;
    const started = vpns.start('s');
    await soon();
    const over = vpns.end('s');
    await soon();
    later.resolve();
    expect((await resultOf(started)).id).toBe('s');
    expect((await resultOf(over)).updated).toBe(true);
    expect(vpns.told.map((e) => e.kind)).toEqual(['started', 'ended']);
  });

  test('repeated starts and ends, and a start after the end, are not sent again', async () => {
    const vpns = await Vpns.followed();
    vpns.one.play(stream('runs'), stream('over', { endedAt: DAY + 5, endReason: null }));
    await soon();
    expect((await resultOf(vpns.start('runs'))).startedAt).toBe(DAY);
    expect((await resultOf(vpns.start('over'))).endedAt).toBe(DAY + 5);
    expect(await resultOf(vpns.end('over'))).toMatchObject({ updated: false, stream: { endedAt: DAY + 5 } });
    expect(vpns.told).toEqual([]);
  });

  test('a repeat of a waiting report is accepted or refused with the first one', async () => {
    const vpns = await Vpns.followed();
    const later = new Later<void>();
    vpns.one.answerTold = () => later.promise;
    const first = vpns.start('s');
    await soon();
    let answered = false;
    const repeat = vpns.start('s').finally(() => (answered = true));
    await soon();
    expect([answered, vpns.told.length]).toEqual([false, 1]);
    const outcomes = Promise.allSettled([first, repeat]);
    later.reject(new Error('unavailable'));
    for (const outcome of await resultOf(outcomes))
      expect(outcome).toMatchObject({ reason: expect.any(ReportNotStored) });
    expect(vpns.shown).toEqual([]);
  });

  test('a report that Temporal does not take is not in the list, and can be sent again', async () => {
    const vpns = await Vpns.followed();
    vpns.one.answerTold = () => Promise.reject(new Error('unavailable'));
    await expect(resultOf(vpns.start('s'))).rejects.toThrow(
      "Temporal did not take the report for VPN 'gluetun': unavailable",
    );
    expect(vpns.shown).toEqual([]);
    vpns.one.answerTold = async () => undefined;
    await resultOf(vpns.start('s'));
    expect(vpns.shown).toEqual([['s', 'started']]);
  });

  test('without a stream id, the newest running stream on the container ends', async () => {
    const vpns = await Vpns.followed();
    const on = { containerId: A.id };
    vpns.one.play(
      stream('old', { ...on, startedAt: DAY }),
      stream('newest', { ...on, startedAt: DAY + 2_000 }),
      stream('over', { ...on, startedAt: DAY + 3_000, endedAt: DAY + 4_000 }),
      stream('elsewhere', { containerId: 'e'.repeat(64), startedAt: DAY + 5_000 }),
    );
    await soon();
    expect(await resultOf(vpns.end(null, 'engine-a'))).toMatchObject({ updated: true, stream: { id: 'newest' } });
    await expect(resultOf(vpns.end(null, 'acexy'))).rejects.toThrow("no stream runs on container 'acexy'");
  });

  test('an unknown stream id ends no other stream, even if a container is named', async () => {
    const vpns = await Vpns.followed();
    vpns.one.play(stream('runs', { containerId: A.id }));
    await expect(resultOf(vpns.end('unknown', 'engine-a'))).rejects.toThrow("there is no stream 'unknown'");
    expect(vpns.told).toEqual([]);
  });

  test('reports for one VPN do not wait for those for another', async () => {
    const vpns = await Vpns.followed();
    const later = new Later<void>();
    vpns.one.answerTold = () => later.promise;
    const first = vpns.start('s');
    await soon();
    expect((await resultOf(vpns.start('t', 19_050))).containerId).toBe(B.id);
    later.resolve();
    await resultOf(first);
  });

  test('a report waits up to 250 ms for a pending list of its own VPN, and not for that of another VPN', async () => {
    const vpns = await Vpns.followed();
    vpns.two.grow({ settled: false });
    const reports = [vpns.start('s'), vpns.start('t', 19_050)];
    await jest.advanceTimersByTimeAsync(CATCH_UP_WITHIN_MS - 10);
    expect([vpns.one.told.length, vpns.two.told.length]).toEqual([1, 0]);
    await resultOf(Promise.all(reports));
    expect(vpns.two.told).toHaveLength(1);
  });

  test('events applied twice have the same result as events applied once', () => {
    const events = [{ kind: 'started', stream: stream('s') }, ended('s'), ended('nobody')] as const;
    const once = withEvents([], events);
    expect(once).toMatchObject([{ id: 's', endedAt: DAY + 60_000 }]);
    expect(withEvents(once, events)).toEqual(once);
  });
}
