// Records how long test files took, so that the next runs begin with the longest. Usage:
// npm test -- --json --outputFile=dist/results.json && node scripts/record-durations.mjs dist/results.json
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const record = join(root, 'test', 'durations.json');

const [results] = process.argv.slice(2);
if (results === undefined) {
  process.stderr.write('usage: node scripts/record-durations.mjs RESULTS\n');
  process.exit(1);
}

const seconds = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {};
for (const { name, startTime, endTime } of JSON.parse(readFileSync(results, 'utf8')).testResults) {
  // The path within test/, whatever checkout the results are from.
  const file = name.replaceAll('\\', '/').split('/test/').at(-1);
  seconds[file] = Math.round((endTime - startTime) / 1000);
}
const kept = Object.entries(seconds)
  .filter(([file]) => existsSync(join(root, 'test', file)))
  .toSorted(([a, s], [b, t]) => t - s || a.localeCompare(b));
writeFileSync(record, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
