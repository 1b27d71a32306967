// What a VPN's workflow carries over to its next run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Engine } from '../../src/domain/engine';
import type { PublicEvent } from '../../src/domain/event-log';
import type { Stream } from '../../src/domain/streams/stream';
import { carriedOver, mayBeCarried, restoredFrom, type Carried } from '../../src/workflows/vpn/carry-over/carried';
import { jsonBytes } from '../../src/workflows/vpn/carry-over/json-bytes';
import { withEvent } from '../../src/workflows/vpn/report/event-log';
import { restored, shortened } from '../../src/workflows/vpn/carry-over/short-stream';
import { newVpnData, type VpnData } from '../../src/workflows/vpn/data';
import { DAY, plainEngine, replacement, snapshot, vpnSettings } from '../builders';
import { stream } from '../stream-events';
import { runs } from '../repetitions';
import { historiesFolder } from './histories';

const MINUTE = 60_000;

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** 64 characters, like Docker's ids. */
function containerId(i: number): string {
  return String(i).padStart(64, 'a');
}

/** As large as real ones are. */
function engine(i: number): Engine {
  const {
    forwarded: _forwarded,
    streams: _streams,
    ...plain
  } = plainEngine(19_000 + i, {
    id: containerId(i),
    name: `acestream_gluetun-at-home_${i}_1_abcdef12`,
    labels: { 'portward.instance': 'default', 'portward.replacement': `abcdef12/${i}` },
    lastUsedAt: DAY,
  });
  return plain;
}

/** A stream as proxies report it. */
function playing(i: number, change: Partial<Stream> = {}): Stream {
  const key = String(i).padStart(40, 'b');
  const session = String(i).padStart(40, 'c');
  return stream(`${key}|${session}`, {
    key,
    playbackSessionId: session,
    containerId: containerId(i),
    statUrl: `http://gluetun-at-home:${19_000 + i}/ace/stat/${key}/${session}`,
    commandUrl: `http://gluetun-at-home:${19_000 + i}/ace/cmd/${key}/${session}`,
    ...change,
  });
}

function data(change: Partial<VpnData>): VpnData {
  return { ...newVpnData(vpnSettings({ notify: true }), 'abcdef12'), snapshot: snapshot(40_000), ...change };
}

/** The state after it has been carried through a history. */
function handedOn(before: VpnData): VpnData {
  return restoredFrom(JSON.parse(JSON.stringify(carriedOver(before))) as Carried);
}

function at(i: number): number {
  return DAY + i * MINUTE;
}

/** Ended streams, ended replacements and events, one a minute of each, oldest first. */
function past(): Pick<VpnData, 'replacements' | 'events'> & { readonly ended: readonly Stream[] } {
  return {
    ended: upTo(40).map((i) => playing(1_000 + i, { endedAt: at(i), endReason: 'stopped' })),
    replacements: upTo(20).map((i) => replacement({ number: i, state: 'completed', endedAt: at(i) })),
    events: upTo(50).map((i) => ({
      number: i + 1,
      at: at(i),
      event: {
        kind: 'engine_ready',
        engine: containerId(i),
        name: engine(i).name,
        p2pPort: 40_000,
        cause: 'port changed',
      },
    })),
  };
}

test('a VPN of ordinary size carries its whole state over, except for the engines of its last snapshot', () => {
  const { ended, ...others } = past();
  const engines = upTo(10).map(engine);
  const before = data({
    engines,
    evicted: [{ ...plainEngine(19_050), id: containerId(50) }],
    streams: [...ended, ...upTo(10).map((i) => playing(i)), playing(50)],
    ...others,
    notified: 50,
  });
  expect(handedOn(before)).toEqual({ ...before, snapshotRevision: -1 });
});

/** What runs of this version have carried, from the recorded histories. */
function recorded(): Carried[] {
  return readdirSync(historiesFolder)
    .filter((name) => name.includes('.vpn.'))
    .flatMap((name) => {
      const { events } = JSON.parse(readFileSync(join(historiesFolder, name), 'utf8')) as { events: HistoryEvent[] };
      return events.flatMap(({ workflowExecutionContinuedAsNewEventAttributes: end }) => {
        const input = end?.input.payloads[0]?.data;
        if (input === undefined) return [];
        return [(JSON.parse(Buffer.from(input, 'base64').toString()) as { carried: Carried }).carried];
      });
    });
}

interface HistoryEvent {
  readonly workflowExecutionContinuedAsNewEventAttributes?: {
    readonly input: { readonly payloads: readonly { readonly data: string }[] };
  };
}

function names(of: object): string[] {
  return Object.keys(of).toSorted();
}

// Replays do not show it: no recorded history begins with a carried state.
test('a state that a run of this version has carried is whole, and is carried under the same names again', () => {
  const all = recorded();
  expect(all.length).toBeGreaterThan(0);
  for (const carried of all) {
    const state = restoredFrom(carried);
    expect(Object.entries(state).filter(([, value]) => value === undefined)).toEqual([]);
    expect(names(state)).toEqual(names(newVpnData(vpnSettings(), 'abcdef12')));
    expect(names(carriedOver(state))).toEqual(names(carried));
  }
});

test('with 100 engines and a stream on each, all that is under way has room below 64 KB, and of what has ended the newest', () => {
  const { ended, ...others } = past();
  const before = data({
    engines: upTo(100).map(engine),
    streams: [...ended, ...upTo(100).map((i) => playing(i))],
    ...others,
    // The last ones are not sent yet.
    notified: 45,
  });
  const carried = carriedOver(before);
  expect(mayBeCarried(carried, { events: 2_000, bytes: 1_000_000 })).toBe(true);
  expect(jsonBytes({ settings: before.settings, carried })).toBeLessThan(64 * 1024);
  const next = handedOn(before);
  expect(next.engines).toEqual(before.engines);
  expect(next.streams.filter((s) => s.endedAt === null)).toEqual(before.streams.slice(40));
  expect(next.events.filter((item) => item.number > 45)).toEqual(before.events.slice(45));
  // What is left out is older than what is kept.
  for (const kind of ['streams', 'replacements', 'events'] as const)
    expect(next[kind]).toEqual(before[kind].slice(before[kind].length - next[kind].length));
  expect(next.streams.length + next.replacements.length + next.events.length).toBeLessThan(
    before.streams.length + before.replacements.length + before.events.length,
  );
});

test('what is under way is carried over even if it is too large, but not before the history is very long', () => {
  const { ended, ...others } = past();
  const before = data({
    engines: upTo(200).map(engine),
    streams: [...ended, ...upTo(200).map((i) => playing(i))],
    replacements: [...others.replacements, ...upTo(20).map((i) => replacement({ number: 100 + i }))],
    events: others.events,
    notified: 50,
  });
  const carried = carriedOver(before);
  expect(mayBeCarried(carried, { events: 4_000, bytes: 20 * 1024 * 1024 })).toBe(false);
  expect(mayBeCarried(carried, { events: 4_001, bytes: 1_000_000 })).toBe(true);
  expect(mayBeCarried(carried, { events: 2_000, bytes: 20 * 1024 * 1024 + 1 })).toBe(true);
  expect(handedOn(before)).toEqual({
    ...before,
    snapshotRevision: -1,
    streams: before.streams.slice(40),
    streamVersion: before.streamVersion + 1,
    replacements: before.replacements.slice(20),
    events: [],
  });
});

test('any stream comes back as it was', () => {
  const part = fc.oneof(
    fc.constantFrom('', '0', '1', '[0]', 'aaaaaaaa', 'aaaaaaaaaa', '"aaaaaaaa"', '|'),
    fc.string({ minLength: 6, maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  fc.assert(
    fc.property(part, part, fc.array(fc.nat(2)), fc.array(part, { maxLength: 3 }), (key, session, order, rest) => {
      const text = [...order.map((n) => [key, session, '/'][n] ?? ''), ...rest].join('');
      const before = stream(text, { key, playbackSessionId: session, statUrl: text, commandUrl: `${text}${session}` });
      for (const engines of [[], ['x', before.containerId]]) {
        const carried = JSON.parse(JSON.stringify(shortened(before, engines))) as ReturnType<typeof shortened>;
        expect(restored(carried, engines)).toEqual(before);
        expect(jsonBytes(shortened(before, engines))).toBeLessThanOrEqual(jsonBytes(before) + 6);
      }
    }),
    runs(1_000),
  );
});

test('an event after all sent events were left out has a number of its own', () => {
  const event: PublicEvent = { kind: 'vpn_health', healthy: true };
  expect(withEvent([], 50, event, DAY)).toEqual([{ number: 51, at: DAY, event }]);
  expect(withEvent([{ number: 60, at: DAY, event }], 50, event, DAY).map((n) => n.number)).toEqual([60, 61]);
});
