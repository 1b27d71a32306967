import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sequencer from '@jest/test-sequencer';

const here = fileURLToPath(new URL('.', import.meta.url));

/** In seconds; `scripts/record-durations.mjs` writes them. */
const durations = JSON.parse(readFileSync(new URL('durations.json', import.meta.url), 'utf8'));

/** Folders whose tests wait most of the time, for processes, servers or containers. The others compute. */
const WAITING = [
  'chaos',
  'contract',
  'embedded-temporal',
  'image',
  'program',
  'security',
  'simulator',
  'web',
  'worker',
];

/**
 * Begins files that wait and files that compute in turns, so that the processor is busy all the time. The longest of each kind come
 * first, so that no long file runs alone at the end.
 */
export default class Order extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- `sort` of the sequencer, not of an array
    const longestFirst = super.sort(tests).toSorted((a, b) => secondsOf(b) - secondsOf(a));
    const [waiting = [], computing = []] = [true, false].map((kind) => longestFirst.filter((t) => waits(t) === kind));
    return inTurns(waiting, computing);
  }
}

/** Both lists in one, in which the begun part of either grows at the same rate. */
function inTurns(one, other) {
  const lists = [one, other].map((tests) => ({ tests, all: sum(tests), begun: 0, next: 0 }));
  const ordered = [];
  for (;;) {
    const left = lists.filter(({ tests, next }) => next < tests.length);
    if (left.length === 0) return ordered;
    const list = left.reduce((a, b) => (b.begun / b.all < a.begun / a.all ? b : a));
    const test = list.tests[list.next++];
    list.begun += secondsOf(test);
    ordered.push(test);
  }
}

function sum(tests) {
  return tests.reduce((seconds, test) => seconds + secondsOf(test), 0);
}

function waits(test) {
  return WAITING.includes(fileOf(test).split('/')[0]);
}

/** A file that was not recorded yet counts as a long one if its kind waits, so that it begins early. */
function secondsOf(test) {
  return durations[fileOf(test)] ?? (waits(test) ? 60 : 1);
}

function fileOf({ path }) {
  return relative(here, path).replaceAll('\\', '/');
}
