import { parsePosition, positionText } from '../../src/api/events/feed-position';
import { EventFeed } from '../../src/api/events/event-feed';
import type { FollowerEvent } from '../../src/api/events/event-follower';
import { VpnFollower } from '../../src/api/reads/vpn-follower';
import { WorkerLiveness } from '../../src/api/reads/worker-liveness';
import { eventJson } from '../../src/domain/event-json';
import { DAY } from '../builders';
import { until } from '../simulator/until';
import { portChanges } from './port-changes';
import { VpnStandIn } from './vpn-stand-in';

const stops: AbortController[] = [];
let vpns: VpnStandIn[];
let followers: VpnFollower[];
let feed: EventFeed;
/** The number of queries to each VPN. */
let asked: number[];

beforeEach(() => {
  asked = [0, 0];
  vpns = ['gluetun', 'gluetun2'].map((name) => new VpnStandIn(name));
  followers = vpns.map((vpn) => new VpnFollower(vpn, { lagMs: 600, worker: new WorkerLiveness() }));
  for (const follower of followers) void follower.run();
  feed = new EventFeed(followers);
  kept(0, 'aa', 1, 3);
  kept(1, 'bb', 1, 1);
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
  for (const follower of followers) follower.stop();
});

/** Sets the events that a VPN's workflow has kept. */
function kept(index: number, incarnation: string, first: number, last: number): void {
  const vpn = vpns[index];
  if (!vpn) return;
  vpn.answerEvents = async () => {
    asked[index] = (asked[index] ?? 0) + 1;
    return { incarnation, events: portChanges(first, last) };
  };
  vpn.grow();
}

function silent(index: number): void {
  const vpn = vpns[index];
  if (!vpn) return;
  vpn.answerEvents = () => {
    asked[index] = (asked[index] ?? 0) + 1;
    return Promise.reject(new Error('deadline exceeded'));
  };
  vpn.grow();
}

async function listen(from: string | null = null) {
  const stop = new AbortController();
  stops.push(stop);
  const heard: FollowerEvent[] = [];
  const position = from === null ? null : parsePosition(from);
  if (from !== null && position === null) throw new Error(`expected a position, found ${from}`);
  let start = 'not yet';
  await feed.listen(position, {
    begin: (id) => (start = id),
    tell: (told) => void heard.push(...told),
    left: stop.signal,
  });
  return { heard, start, leave: () => stop.abort() };
}

/** Resolves when another query to each VPN has been answered. */
async function queriedAgain(): Promise<void> {
  for (const vpn of vpns) {
    const before = [...asked];
    vpn.grow();
    await until('another query', () => asked.some((count, i) => count > (before[i] ?? 0)));
  }
}

function ids(heard: readonly FollowerEvent[]): string[] {
  return heard.map(({ id, event }) => (event === 'gap' ? `gap ${id}` : id));
}

test('without an id a listener receives later events only, and each id has the position on every VPN', async () => {
  const { heard, start } = await listen();
  expect(start).toBe('gluetun=aa.3,gluetun2=bb.1');
  kept(0, 'aa', 1, 5);
  await until('two events', () => heard.length === 2);
  kept(1, 'bb', 1, 2);
  await until('a third', () => heard.length === 3);
  await queriedAgain();
  expect(ids(heard)).toEqual([
    'gluetun=aa.4,gluetun2=bb.1',
    'gluetun=aa.5,gluetun2=bb.1',
    'gluetun=aa.5,gluetun2=bb.2',
  ]);
  const { event, ...data } = eventJson(
    'gluetun',
    portChanges(4, 4)[0] ?? { number: 0, at: DAY, event: { kind: 'vpn_health', healthy: true } },
  );
  expect(heard[0]).toMatchObject({ event, data });
});

test('with an id a listener receives the events after it, on every VPN', async () => {
  kept(1, 'bb', 1, 4);
  const { heard } = await listen('gluetun=aa.1,gluetun2=bb.2');
  await queriedAgain();
  expect(ids(heard).toSorted()).toEqual([
    'gluetun=aa.2,gluetun2=bb.2',
    'gluetun=aa.3,gluetun2=bb.2',
    'gluetun=aa.3,gluetun2=bb.3',
    'gluetun=aa.3,gluetun2=bb.4',
  ]);
});

test('a listener that reconnects after every event receives every event once, in order', async () => {
  let from = 'gluetun=aa.0,gluetun2=bb.1';
  const numbers: unknown[] = [];
  kept(0, 'aa', 1, 20);
  for (let i = 0; i < 20; i++) {
    const { heard, leave } = await listen(from);
    const [first] = heard;
    numbers.push(first?.data['to']);
    from = first?.id ?? 'none';
    leave();
  }
  expect(numbers).toEqual(portChanges(1, 20).map(({ event }) => event.kind === 'port_changed' && event.to));
});

test('events that are no longer kept are reported as a gap, and the kept events follow', async () => {
  kept(0, 'aa', 11, 12);
  const { heard } = await listen('gluetun=aa.3,gluetun2=bb.1');
  expect(ids(heard)).toEqual([
    'gap gluetun=aa.10,gluetun2=bb.1',
    'gluetun=aa.11,gluetun2=bb.1',
    'gluetun=aa.12,gluetun2=bb.1',
  ]);
  expect(heard[0]?.data).toMatchObject({ vpn: 'gluetun', after: 'aa.3' });
  await queriedAgain();
  expect(heard).toHaveLength(3);
});

test('a new workflow is reported as a gap, whether it has events or not', async () => {
  const { heard } = await listen();
  kept(0, 'cc', 1, 0);
  await until('the gap', () => heard.length === 1);
  kept(0, 'cc', 1, 1);
  await until('the event after it', () => heard.length === 2);
  expect(ids(heard)).toEqual(['gap gluetun=cc.0,gluetun2=bb.1', 'gluetun=cc.1,gluetun2=bb.1']);
});

test('a VPN missing in the id is sent with all kept events, and an unknown VPN in the id stays in later ids', async () => {
  const { heard } = await listen('gone=zz.9,gluetun=aa.3');
  expect(ids(heard)).toEqual(['gone=zz.9,gluetun=aa.3,gluetun2=bb.1']);
});

test('while a VPN does not answer, events of the other arrive; afterwards no event is lost or repeated', async () => {
  const { heard } = await listen();
  silent(0);
  kept(1, 'bb', 1, 2);
  await until("the other's event", () => heard.length === 1);
  kept(0, 'aa', 1, 5);
  await until('its events', () => heard.length === 3);
  silent(0);
  await queriedAgain();
  kept(0, 'aa', 1, 6);
  await until('the next', () => heard.length === 4);
  expect(ids(heard).map((id) => id.split(',')[0])).toEqual([
    'gluetun=aa.3',
    'gluetun=aa.4',
    'gluetun=aa.5',
    'gluetun=aa.6',
  ]);
});

test('a VPN that does not answer when a listener begins is sent later with all kept events', async () => {
  silent(0);
  const { heard, start } = await listen();
  expect(start).toBe('gluetun2=bb.1');
  kept(0, 'aa', 1, 2);
  await until('all that it has kept', () => heard.length === 2);
  expect(ids(heard)).toEqual(['gluetun2=bb.1,gluetun=aa.1', 'gluetun2=bb.1,gluetun=aa.2']);
});

test('listeners share the queries, and without listeners there are no queries', async () => {
  await feed.listen(null, { begin: () => {}, tell: () => {}, left: AbortSignal.abort() });
  expect(feed.size).toBe(0);
  const all = await Promise.all(Array.from({ length: 50 }, () => listen()));
  expect(feed.size).toBe(50);
  const [before = 0] = asked;
  kept(0, 'aa', 1, 4);
  await until('all have heard', () => all.every(({ heard }) => heard.length === 1));
  expect((asked[0] ?? 0) - before).toBeLessThan(50);
  for (const { leave } of all) leave();
  expect(feed.size).toBe(0);
  const rest = asked[0];
  const { leave } = await listen();
  leave();
  // One query for the new listener. There would be more if the queries had not stopped.
  expect((asked[0] ?? 0) - (rest ?? 0)).toBe(1);
});

test.each(['', 'gluetun', 'gluetun=', 'gluetun=aa', 'gluetun=aa.x', 'gluetun=aa.1,', '=aa.1', 'a b=aa.1'])(
  '%j is not a position',
  (text) => {
    expect(parsePosition(text)).toBeNull();
  },
);

test('a position is parsed as it was written', () => {
  const text = 'gluetun=ab12cd34.17,gluetun2=ef.0';
  expect(positionText(parsePosition(text) ?? new Map())).toBe(text);
});
