import { isBuilt } from '../scripts/build-freshness.mjs';

/** Tests of workflows and of the program run the code in `dist`, so it must not be older than the sources. */
export default function refuseStaleBuild() {
  if (!isBuilt()) throw new Error('dist/ is older than the sources: run `npm run build`, or the tests by `npm test`');
}
