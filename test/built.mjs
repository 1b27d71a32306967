import { isBuilt } from '../scripts/build-freshness.mjs';

/** Tests of workflows and of the program run what the build made. */
export default function refuseStaleBuild() {
  if (!isBuilt()) throw new Error('dist/ is older than the sources: run `npm run build`, or the tests by `npm test`');
}
