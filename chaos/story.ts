import type { LogLine } from '../simulator/portward-process';
import type { Violation } from './checker/rule';
import type { Fired } from './injector';
import { faultLine, type Schedule } from './schedule';

/** The part of the log that is printed for a violation. */
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
  /** Print all of the log, not only the lines around violations. */
  readonly wholeLog: boolean;
  /** The schedules that were played on the same site before. */
  readonly seedsBefore: readonly number[];
  /** The options of the command line, without the seed and the number of schedules. */
  readonly options: readonly string[];
}

/** The lines that explain the violations of a schedule: its faults, the log, and the command that replays it. */
export function story(violations: readonly Violation[], content: StoryOptions): string[] {
  const { schedule, began, fired, log, wholeLog, seedsBefore, options } = content;
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
    // A Portward that does not settle may have logged nothing for long: then print its last lines.
    const before = log.filter((line) => line.at <= at).slice(-LINES_IN_QUIET);
    lines.push(...(around.length > 0 ? around : before).map(logLine));
  }
  if (violations.length === 0) return lines;
  const command = (seed: number, schedules: number) =>
    ['npm run chaos --', `--seed ${seed}`, `--schedules ${schedules}`, ...options].join(' ');
  lines.push('', `Replay: ${command(schedule.seed, 1)}`);
  const [first] = seedsBefore;
  if (first !== undefined) lines.push(`With the schedules before it: ${command(first, schedule.seed - first + 1)}`);
  return lines;
}
