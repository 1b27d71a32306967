import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sequencer from '@jest/test-sequencer';

const here = fileURLToPath(new URL('.', import.meta.url));

/** In seconds; `scripts/record-durations.mjs` writes them. */
const durations = JSON.parse(readFileSync(new URL('durations.json', import.meta.url), 'utf8'));

/** Folders of tests with real processes, servers or containers. A new file in one may take long, and so is begun first. */
const LONG = ['image', 'chaos', 'program', 'workflows', 'contract', 'security', 'simulator'];

/** By jest's own order, which a new machine goes by file sizes in, a long test that is a short file would end the run alone. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's, not an array's
    return super.sort(tests).toSorted((a, b) => secondsOf(b) - secondsOf(a));
  }
}

function secondsOf({ path }) {
  const file = relative(here, path).replaceAll('\\', '/');
  return durations[file] ?? (LONG.includes(basename(dirname(path))) ? Infinity : 0);
}
