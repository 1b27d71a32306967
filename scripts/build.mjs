// Compiles TypeScript to dist/, bundles the workflows (so that a worker needs no webpack at its start), builds the page, and packs the
// modules that a start loads.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { markBuilt, newestSource } from './build-freshness.mjs';
import { buildPage } from './build-page.mjs';
import { packModules } from './pack-modules.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

const builtFrom = newestSource();
// Build in another folder and rename it at the end, so that a failed build leaves the last good one.
const built = join(root, 'dist.next');
rmSync(built, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json'), '--outDir', built],
  { stdio: 'inherit' },
);

const { bundleWorkflowCode } = require('@temporalio/worker');
const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
const { workflowSource } = require(join(built, 'src/worker/workflow-code.js'));
const { code } = await bundleWorkflowCode({ ...workflowSource, logger: quiet });
writeFileSync(join(built, 'workflow-bundle.js'), withSmallMap(code));

await buildPage(join(built, 'web'));

const inPlace = join(root, 'dist');
const former = join(root, 'dist.former');
rmSync(former, { recursive: true, force: true });
if (existsSync(inPlace)) renameSync(inPlace, former);
renameSync(built, inPlace);
rmSync(former, { recursive: true, force: true });
packModules(inPlace);
markBuilt(builtFrom);

/**
 * The bundle with a source map that has no sources. Each start sends the bundle with its map to the thread that runs workflows, and
 * stack traces need only the positions.
 */
function withSmallMap(bundle) {
  const at = bundle.lastIndexOf('//# sourceMappingURL=');
  const start = bundle.indexOf('base64,', at) + 'base64,'.length;
  const { sourcesContent: _, ...map } = JSON.parse(Buffer.from(bundle.slice(start), 'base64').toString());
  return bundle.slice(0, start) + Buffer.from(JSON.stringify(map)).toString('base64') + '\n';
}
