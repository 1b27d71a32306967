// Of all histories that tests have recorded, keeps as few as show together what all of them show: see `shownBy`.
// Usage: node scripts/choose-histories.mjs FOLDER
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

const everything = new Set(recorded.flatMap((history) => [...history.shows]));
const showing = (what) => recorded.filter((history) => history.shows.has(what));
const kept = new Set();
// What only one of them shows needs that one; others then may not be needed.
for (const what of everything) if (showing(what).length === 1) kept.add(showing(what)[0]);
const shown = new Set([...kept].flatMap((history) => [...history.shows]));
for (;;) {
  const adds = (history) => [...history.shows].filter((what) => !shown.has(what)).length;
  // Of those that add as much, the shortest.
  const best = recorded.reduce((most, history) => (adds(history) > adds(most) ? history : most));
  if (adds(best) === 0) break;
  kept.add(best);
  for (const what of best.shows) shown.add(what);
}
// What was added later may have made up for it.
for (const history of [...kept].toReversed()) {
  const others = new Set([...kept].filter((other) => other !== history).flatMap((other) => [...other.shows]));
  if ([...history.shows].every((what) => others.has(what))) kept.delete(history);
}

for (const history of recorded) if (!kept.has(history)) rmSync(join(folder, history.name));
process.stdout.write(`${kept.size} of ${recorded.length} histories kept: ${shown.size} different things in them\n`);

/**
 * What may lead a replay another way: each kind of event in each kind of workflow; and each activity, what it fails of,
 * signal, update and cause of a replacement, in whichever of them. Of what only the server does, once is enough.
 */
function shownBy(kind, { eventType, ...event }) {
  const type = eventType.replace('EVENT_TYPE_', '');
  const [details = {}] = Object.entries(event)
    .filter(([name]) => name.endsWith('EventAttributes'))
    .map(([, attributes]) => attributes);
  const isServers = /^WORKFLOW_(TASK_|EXECUTION_TERMINATED)/.test(type);
  const failure = details.failure?.cause?.applicationFailureInfo ?? details.failure?.applicationFailureInfo;
  return [
    isServers ? type : `${kind} ${type}`,
    ...named('activity', details.activityType?.name),
    ...named('failure', failure && (failure.type ?? '')),
    ...named('signal', details.signalName),
    ...named('update', (details.acceptedRequest?.input ?? details.request?.input)?.name),
    ...named('cause', causeIn(kind, type, details)),
  ];
}

function named(what, name) {
  return name === undefined ? [] : [`${what} ${name}`];
}

/** Why a replacement is begun: in its own history, and in that of the VPN, whose decision it is. */
function causeIn(kind, type, { input, workflowType }) {
  const begins =
    type === 'START_CHILD_WORKFLOW_EXECUTION_INITIATED' ||
    (kind === 'replaceEngine' && type === 'WORKFLOW_EXECUTION_STARTED');
  if (!begins || workflowType.name !== 'replaceEngine') return undefined;
  return JSON.parse(Buffer.from(input.payloads[0].data, 'base64').toString('utf8')).cause;
}
