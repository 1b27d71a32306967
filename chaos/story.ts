import type { LogLine } from '../simulator/portward-process';
import type { Violation } from './checker/rule';
import type { Fired } from './injector';
import { faultLine, type Schedule } from './schedule';

/** Of the log around a violation. */
const BEFORE_MS = 4_000;
const AFTER_MS = 1_000;
const LINES_AT_MOST = 60;
const LINES_IN_QUIET = 30;

export type PartLine = LogLine & { readonly part: string };

export interface StoryOptions {
  readonly schedule: Schedule;
  readonly began: number;
  readonly fired: readonly Fired[];
  readonly log: readonly PartLine[];
  /** Not only around violations. */
  readonly wholeLog: boolean;
  /** Run in the same environment before. */
  readonly seedsBefore: readonly number[];
  /** Those of the command line, but for seed and number of schedules. */
  readonly options: readonly string[];
}

/** All that is needed to understand a violation and to see it again. */
export function story(violations: readonly Violation[], told: StoryOptions): string[] {
  const { schedule, began, fired, log, wholeLog, seedsBefore, options } = told;
  const since = (at: number) => `${((at - began) / 1000).toFixed(2).padStart(6)} s`;
  const logLine = (line: PartLine) => `  ${since(line.at)} ${line.part} ${line.level}: ${line.text}`;
  const lines = violations.length === 0 ? [] : [`VIOLATION in the schedule of seed ${schedule.seed}`];
  for (const { promise, at, what } of violations) lines.push(`  ${promise} at ${since(at)}: ${what}`);
  lines.push('', 'Faults, with when they began and how long they took:');
  for (const { fault, from, to, outcome, done, hindered } of fired) {
    const took = to === Infinity ? 'not ended' : `${((to - from) / 1000).toFixed(1)} s`;
    lines.push(
      `  ${since(from)}  ${faultLine(fault).trim()} (${took})${done ? '' : hindered ? ' NOT POSSIBLE' : ' FAILED'} ${outcome}`.trimEnd(),
    );
  }
  if (wholeLog) lines.push('', 'Log:', ...log.map(logLine));
  for (const { promise, at } of wholeLog ? [] : violations) {
    lines.push('', `Log around ${promise} at ${since(at)}:`);
    const around = log.filter((line) => line.at > at - BEFORE_MS && line.at < at + AFTER_MS).slice(-LINES_AT_MOST);
    // What does not come to rest says nothing for long.
    const before = log.filter((line) => line.at <= at).slice(-LINES_IN_QUIET);
    lines.push(...(around.length > 0 ? around : before).map(logLine));
  }
  if (violations.length === 0) return lines;
  const command = (seed: number, schedules: number) =>
    ['npm run chaos --', `--seed ${seed}`, `--schedules ${schedules}`, ...options].join(' ');
  lines.push('', `Replay: ${command(schedule.seed, 1)}`);
  const [first] = seedsBefore;
  if (first !== undefined) lines.push(`With what was before it: ${command(first, schedule.seed - first + 1)}`);
  return lines;
}
