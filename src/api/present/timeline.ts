import { noPort, type EndedRecord, type StateRecord, type Timeline } from '../../domain/vpn/timeline';
import type { TimelineJson } from '../schemas/timeline';

/** @param at in seconds since 1970 */
function time(at: number): string {
  return new Date(at * 1000).toISOString();
}

export function timelineJson(vpn: string, { states, ended }: Timeline): TimelineJson {
  const [first] = states;
  return {
    vpn,
    since: first ? time(first[0]) : null,
    states: states.map(stateJson),
    replacements: ended.map(endedJson),
  };
}

const WORDS: Readonly<Record<number, string>> = {
  [noPort.none]: 'no port',
  [noPort.down]: 'down',
  [noPort.unseen]: 'unknown',
};

function stateJson([at, state]: StateRecord): TimelineJson['states'][number] {
  const word = WORDS[state];
  return { from: time(at), state: word ?? 'forwarded', port: word === undefined ? state : null };
}

function endedJson([number, at, readyAfter, endedAfter, cause]: EndedRecord): TimelineJson['replacements'][number] {
  return {
    number,
    cause,
    started_at: time(at),
    ready_at: readyAfter === null ? null : time(at + readyAfter),
    ended_at: time(at + endedAfter),
  };
}
