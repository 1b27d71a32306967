import type { Instant } from '../../../domain/engine';
import { isHealthy } from '../../../domain/vpn/observation';
import type { Replacement } from '../../../domain/replacement';
import { noPort, type EndedRecord, type StateRecord, type Timeline } from '../../../domain/vpn/timeline';
import { validPort, type VpnData } from '../data';

// Keeps the timeline. What is over its limits is left out where a picture of days shows it least.

/** As JSON some 3 KB each. */
const STATES_AT_MOST = 150;
const ENDED_AT_MOST = 70;

/** A page shows a week. */
const KEPT_S = 8 * 24 * 3600;
/** Within it nothing is left out for its shortness. */
const WHOLE_FOR_S = 3600;
/** A workflow is at work at least every 11 minutes, as its observe ends then, if there is a worker. */
const SILENT_AT_MOST_S = 12 * 60;

/** With what is so now. */
export function timelineAfter(data: VpnData, now: Instant): Timeline {
  const { timeline } = data;
  const at = Math.max(Math.floor(now / 1000), timeline.seenAt);
  const states = withState(timeline.states, at, stateOf(data, now));
  return { ...timeline, states, seenAt: at };
}

/** A worker has come: of the time since the workflow was at work last nothing is known, if that was longer than usual. */
export function withoutWorker(timeline: Timeline, now: Instant): Timeline {
  const { states, seenAt } = timeline;
  if (states.length === 0 || now / 1000 - seenAt <= SILENT_AT_MOST_S) return timeline;
  return { ...timeline, states: withState(states, seenAt, noPort.unseen) };
}

export function withEnded(timeline: Timeline, replacement: Replacement): Timeline {
  const { number, startedAt, readyAt, endedAt, cause } = replacement;
  const after = (at: Instant) => Math.max(0, Math.round((at - startedAt) / 100) / 10);
  const record: EndedRecord = [
    number,
    Math.floor(startedAt / 1000),
    readyAt === null ? null : after(readyAt),
    after(endedAt ?? startedAt),
    cause,
  ];
  return { ...timeline, ended: [...timeline.ended, record].slice(-ENDED_AT_MOST) };
}

function stateOf(data: VpnData, now: Instant): number {
  const { snapshot, unreachable } = data;
  if (snapshot === null || unreachable !== null) return noPort.unseen;
  if (!isHealthy(snapshot.vpn)) return noPort.down;
  return validPort(data, now) ?? noPort.none;
}

function withState(states: readonly StateRecord[], at: number, state: number): readonly StateRecord[] {
  const last = states.at(-1);
  if (last?.[1] === state) return states;
  // Of what changes within a second the last counts.
  const before = last?.[0] === at ? states.slice(0, -1) : states;
  if (before.at(-1)?.[1] === state) return before;
  return shortened([...before, [at, state]], at);
}

function shortened(states: readonly StateRecord[], now: number): readonly StateRecord[] {
  const recent = states.filter((_, i) => (states[i + 1]?.[0] ?? now) >= now - KEPT_S);
  if (recent.length <= STATES_AT_MOST) return recent;
  const shortest = shortestBefore(recent, now - WHOLE_FOR_S);
  if (shortest === null) return recent.slice(1);
  // What was before it lasts until what came after.
  const left = recent.filter((_, i) => i !== shortest);
  return left.filter(([, state], i) => state !== left[i - 1]?.[1]);
}

/** Of the states that ended before then, which one lasted least; the first has none before it. */
function shortestBefore(states: readonly StateRecord[], end: number): number | null {
  let shortest: number | null = null;
  let least = Infinity;
  for (const [i, [from]] of states.entries()) {
    const to = states[i + 1]?.[0] ?? Infinity;
    if (i === 0 || to > end || to - from >= least) continue;
    shortest = i;
    least = to - from;
  }
  return shortest;
}
