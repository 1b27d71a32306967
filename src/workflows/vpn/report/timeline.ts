import type { Instant } from '../../../domain/engine';
import { isHealthy } from '../../../domain/vpn/observation';
import type { Replacement } from '../../../domain/replacement';
import { noPort, type EndedRecord, type StateRecord, type Timeline } from '../../../domain/vpn/timeline';
import { validPort, type VpnData } from '../data';

// Keeps the timeline. Where it has too many entries, those are left out that a picture of several days shows least.

/** Each list is some 3 KB of JSON. */
const STATES_AT_MOST = 150;
const ENDED_AT_MOST = 70;

/** The page shows a week. */
const KEPT_S = 8 * 24 * 3600;
/** States of the last hour are kept, however short they are. */
const WHOLE_FOR_S = 3600;
/** While there is a worker, the workflow runs at least every 11 minutes, when its observe activity ends. */
const SILENT_AT_MOST_S = 12 * 60;

/** The timeline with the present state. */
export function timelineAfter(data: VpnData, now: Instant): Timeline {
  const { timeline } = data;
  const at = Math.max(Math.floor(now / 1000), timeline.seenAt);
  const states = withState(timeline.states, at, stateOf(data, now));
  return { ...timeline, states, seenAt: at };
}

/** A worker has started. If the workflow has not run for longer than usual, the time since then is unknown. */
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
  // Of several states within a second the last one counts.
  const before = last?.[0] === at ? states.slice(0, -1) : states;
  if (before.at(-1)?.[1] === state) return before;
  return shortened([...before, [at, state]], at);
}

function shortened(states: readonly StateRecord[], now: number): readonly StateRecord[] {
  const recent = states.filter((_, i) => (states[i + 1]?.[0] ?? now) >= now - KEPT_S);
  if (recent.length <= STATES_AT_MOST) return recent;
  const shortest = shortestBefore(recent, now - WHOLE_FOR_S);
  if (shortest === null) return recent.slice(1);
  // The state before it is taken to last until the state after it.
  const left = recent.filter((_, i) => i !== shortest);
  return left.filter(([, state], i) => state !== left[i - 1]?.[1]);
}

/** Index of the shortest state that ended before then, the first one excepted; null: there is none. */
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
