import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sequencer from '@jest/test-sequencer';

const here = fileURLToPath(new URL('.', import.meta.url));

/** In seconds; `scripts/record-durations.mjs` writes them. */
const durations = JSON.parse(readFileSync(new URL('durations.json', import.meta.url), 'utf8'));

/** Folders whose tests have real processes, servers or containers. A new file there may take long, so it begins first. */
const LONG = ['image', 'chaos', 'program', 'workflows', 'contract', 'security', 'simulator'];

/** On a new machine jest orders test files by their size, so a small file with long tests could run alone at the end. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- `sort` of the sequencer, not of an array
    return super.sort(tests).toSorted((a, b) => secondsOf(b) - secondsOf(a));
  }
}

function secondsOf({ path }) {
  const file = relative(here, path).replaceAll('\\', '/');
  return durations[file] ?? (LONG.includes(basename(dirname(path))) ? Infinity : 0);
}
