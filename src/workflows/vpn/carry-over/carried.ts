import type { Engine, EngineRef, Instant } from '../../../domain/engine';
import { emptyTimeline } from '../../../domain/vpn/timeline';
import { jsonBytes } from './json-bytes';
import { restored, shortened, type ShortStream } from './short-stream';
import { objects, table, type Table } from './table';
import type { VpnData } from '../data';

// What the next run is given when a VPN's workflow continues as new. It is one event of a history, and no event shall be
// over 64 KB.

/** The input of a run holds the settings once more besides. */
const BYTES_AT_MOST = 60 * 1024;

/** Temporal ends a workflow at 51,200 events, or at 50 MB. To replay so many takes some seconds. */
const EVENTS_AT_MOST = 4_000;
const HISTORY_BYTES_AT_MOST = 20 * 1024 * 1024;

/** A VPN's state in few bytes. */
export interface Carried extends Omit<
  VpnData,
  | 'engines'
  | 'evicted'
  | 'streams'
  | 'downSince'
  | 'outages'
  | 'timeline'
  | 'snapshot'
  | 'snapshotRevision'
  | 'snapshotsFrom'
  | 'unreachable'
> {
  /** `snapshot`, `snapshotRevision`, `snapshotsFrom` and `unreachable`, under the names that runs of this version carry. */
  readonly snapshot: VpnData['snapshot'];
  readonly snapshotRevision: number;
  readonly lookFrom: number;
  readonly blind: VpnData['unreachable'];
  /** Absent where a run of before has not carried them. */
  readonly downSince?: VpnData['downSince'];
  readonly outages?: VpnData['outages'];
  readonly timeline?: VpnData['timeline'];
  readonly engines: Table;
  readonly evicted: Table;
  readonly streams: Table;
}

/**
 * The state for the next run, which begins with a snapshot of its own and needs no engines of the last one. As much as has
 * room; of what is over, the oldest is left out first. What is at work is carried whatever its size.
 */
export function carriedOver(data: VpnData): Carried {
  const whole = inFewBytes(data);
  let tooMuch = jsonBytes(whole) - BYTES_AT_MOST;
  if (tooMuch <= 0) return whole;
  const left = new Set<unknown>();
  for (const { what, form } of overOldestFirst(data)) {
    left.add(what);
    tooMuch -= jsonBytes(form) + 1;
    if (tooMuch <= 0) break;
  }
  const stays = (what: unknown) => !left.has(what);
  const streams = data.streams.filter(stays);
  return inFewBytes({
    ...data,
    streams,
    // Who has the list of before is to be told.
    streamVersion: data.streamVersion + (streams.length < data.streams.length ? 1 : 0),
    replacements: data.replacements.filter(stays),
    news: data.news.filter(stays),
    // The last to go: who has so much at work has seen much.
    timeline: tooMuch > 0 ? emptyTimeline : data.timeline,
  });
}

/** Whether it is time for the next run: what is too much for one event will be less soon, or is carried at last. */
export function mayBeCarried(carried: Carried, history: { readonly events: number; readonly bytes: number }): boolean {
  return (
    jsonBytes(carried) <= BYTES_AT_MOST || history.events > EVENTS_AT_MOST || history.bytes > HISTORY_BYTES_AT_MOST
  );
}

export function restoredFrom(carried: Carried): VpnData {
  const engines = objects<Engine>(carried.engines);
  const evicted = objects<EngineRef>(carried.evicted);
  const ids = [...engines, ...evicted].map((e) => e.id);
  const streams = objects<ShortStream>(carried.streams).map((s) => restored(s, ids));
  const { snapshot, snapshotRevision, lookFrom, blind, ...rest } = carried;
  const { downSince = null, outages = [], timeline = emptyTimeline } = carried;
  const observed = {
    snapshot: snapshot,
    snapshotRevision: snapshotRevision,
    snapshotsFrom: lookFrom,
    unreachable: blind,
  };
  return { ...rest, ...observed, engines, evicted, streams, downSince, outages, timeline };
}

function inFewBytes(data: VpnData): Carried {
  const ids = engineIds(data);
  const { snapshot, snapshotRevision: _, snapshotsFrom, unreachable, ...rest } = data;
  return {
    ...rest,
    snapshot: snapshot && { ...snapshot, engines: [], found: [] },
    snapshotRevision: -1,
    lookFrom: snapshotsFrom,
    blind: unreachable,
    engines: table(data.engines),
    evicted: table(data.evicted),
    streams: table(data.streams.map((s) => shortened(s, ids))),
  };
}

function engineIds({ engines, evicted }: VpnData): string[] {
  return [...engines, ...evicted].map((e) => e.id);
}

/** What has ended or was told, and the form in which it would be carried. */
function overOldestFirst(data: VpnData): { readonly at: Instant; readonly what: object; readonly form: unknown }[] {
  const ids = engineIds(data);
  const streams = data.streams
    .filter((s) => s.endedAt !== null)
    .map((s) => ({ at: s.endedAt ?? 0, what: s, form: Object.values(shortened(s, ids)) }));
  const replacements = data.replacements
    .filter((r) => r.state !== 'running')
    .map((r) => ({ at: r.endedAt ?? 0, what: r, form: r }));
  const news = data.news
    .filter((item) => item.number <= data.notified)
    .map((item) => ({ at: item.at, what: item, form: item }));
  return [...streams, ...replacements, ...news].toSorted((a, b) => a.at - b.at);
}
