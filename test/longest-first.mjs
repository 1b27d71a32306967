import { basename, dirname } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** Folders of tests with real processes, servers or containers, which take the longest. */
const LONG = ['image', 'chaos', 'program', 'workflows', 'contract', 'security', 'simulator'];

/** By jest's own order, which a new machine goes by file sizes in, a long test that is a short file would end the run alone. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's, not an array's
    return super.sort(tests).toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

function isLong({ path }) {
  return LONG.includes(basename(dirname(path)));
}
