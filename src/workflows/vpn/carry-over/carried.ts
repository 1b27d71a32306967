import type { Engine, EngineRef, Instant } from '../../../domain/engine';
import { emptyTimeline } from '../../../domain/vpn/timeline';
import { jsonBytes } from './json-bytes';
import { restored, shortened, type ShortStream } from './short-stream';
import { objects, table, type Table } from './table';
import type { VpnData } from '../data';

// The state that a VPN's workflow carries to its next run when it continues as new. It is one history event, and none is to be over
// 64 KB.

/** Less than 64 KB, since the input of a run holds the settings a second time. */
const BYTES_AT_MOST = 60 * 1024;

/** Temporal ends a workflow at 51,200 events, or at 50 MB. To replay so many takes some seconds. */
const EVENTS_AT_MOST = 4_000;
const HISTORY_BYTES_AT_MOST = 20 * 1024 * 1024;

/** A VPN's state in few bytes. */
export interface Carried extends Omit<VpnData, 'engines' | 'evicted' | 'streams'> {
  readonly engines: Table;
  readonly evicted: Table;
  readonly streams: Table;
}

/**
 * The state for the next run. It is without the engines of the last snapshot, since the next run begins with a snapshot of its own.
 * Where the state is too large, ended streams, ended replacements and sent events are left out, the oldest first. All that is under
 * way is carried whatever its size.
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
    // Whoever has the former list needs the new one.
    streamVersion: data.streamVersion + (streams.length < data.streams.length ? 1 : 0),
    replacements: data.replacements.filter(stays),
    events: data.events.filter(stays),
    // Left out last.
    timeline: tooMuch > 0 ? emptyTimeline : data.timeline,
  });
}

/** Whether the state may be carried now. Where it is too large for one event, it is carried only when the history is very long. */
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
  return { ...carried, engines, evicted, streams };
}

function inFewBytes(data: VpnData): Carried {
  const ids = engineIds(data);
  const { snapshot } = data;
  return {
    ...data,
    snapshot: snapshot && { ...snapshot, engines: [], found: [] },
    snapshotRevision: -1,
    engines: table(data.engines),
    evicted: table(data.evicted),
    streams: table(data.streams.map((s) => shortened(s, ids))),
  };
}

function engineIds({ engines, evicted }: VpnData): string[] {
  return [...engines, ...evicted].map((e) => e.id);
}

/** Ended streams, ended replacements and sent events, oldest first, and the form in which each would be carried. */
function overOldestFirst(data: VpnData): { readonly at: Instant; readonly what: object; readonly form: unknown }[] {
  const ids = engineIds(data);
  const streams = data.streams
    .filter((s) => s.endedAt !== null)
    .map((s) => ({ at: s.endedAt ?? 0, what: s, form: Object.values(shortened(s, ids)) }));
  const replacements = data.replacements
    .filter((r) => r.state !== 'running')
    .map((r) => ({ at: r.endedAt ?? 0, what: r, form: r }));
  const events = data.events
    .filter((item) => item.number <= data.notified)
    .map((item) => ({ at: item.at, what: item, form: item }));
  return [...streams, ...replacements, ...events].toSorted((a, b) => a.at - b.at);
}
