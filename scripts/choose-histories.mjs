// Of all histories that tests have recorded, keeps a few that show together what all of them show: of each kind of
// workflow the shortest and the longest, and then as many as it takes to have every kind of event, activity, signal and
// update that any of them has. Usage: node scripts/choose-histories.mjs FOLDER
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node scripts/choose-histories.mjs FOLDER\n');
  process.exit(1);
}

const recorded = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => {
    const { events } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const kind = name.split('.').at(-3);
    return { name, kind, length: events.length, shows: new Set(events.flatMap((event) => shownBy(kind, event))) };
  })
  .toSorted((a, b) => a.length - b.length);

const kept = new Set();
for (const kind of new Set(recorded.map((history) => history.kind))) {
  const ofKind = recorded.filter((history) => history.kind === kind);
  kept.add(ofKind[0]).add(ofKind.at(-1));
}
const shown = new Set([...kept].flatMap((history) => [...history.shows]));
for (;;) {
  const adds = (history) => [...history.shows].filter((what) => !shown.has(what)).length;
  // Of those that add as much, the shortest.
  const best = recorded.reduce((most, history) => (adds(history) > adds(most) ? history : most));
  if (adds(best) === 0) break;
  kept.add(best);
  for (const what of best.shows) shown.add(what);
}

for (const history of recorded) if (!kept.has(history)) rmSync(join(folder, history.name));
process.stdout.write(`${kept.size} of ${recorded.length} histories kept: ${shown.size} different things in them\n`);

/** Kind of event, and of what: `vpn ACTIVITY_TASK_SCHEDULED observe`. */
function shownBy(kind, { eventType, ...event }) {
  const type = eventType.replace('EVENT_TYPE_', '');
  const [details = {}] = Object.entries(event)
    .filter(([name]) => name.endsWith('EventAttributes'))
    .map(([, attributes]) => attributes);
  const input = details.acceptedRequest?.input ?? details.request?.input;
  const what = details.activityType?.name ?? details.signalName ?? input?.name ?? details.workflowType?.name ?? '';
  const failure = details.failure?.cause?.applicationFailureInfo?.type ?? details.failure?.applicationFailureInfo?.type;
  const cause = type === 'WORKFLOW_EXECUTION_STARTED' ? causeOf(details) : undefined;
  return [[kind, type, what, failure, cause].filter(Boolean).join(' ')];
}

/** Why a replacement was begun. */
function causeOf(details) {
  const data = details.input?.payloads?.[0]?.data;
  return data === undefined ? undefined : JSON.parse(Buffer.from(data, 'base64').toString('utf8')).cause;
}
