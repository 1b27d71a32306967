// Reduces the recorded histories to a few that together show everything that all of them show: see `shownBy`. Deletes the others.
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
// First keep each history that shows something no other one shows.
for (const what of everything) if (showing(what).length === 1) kept.add(showing(what)[0]);
const shown = new Set([...kept].flatMap((history) => [...history.shows]));
for (;;) {
  const adds = (history) => [...history.shows].filter((what) => !shown.has(what)).length;
  // Among histories that add equally much, the shortest comes first.
  const best = recorded.reduce((most, history) => (adds(history) > adds(most) ? history : most));
  if (adds(best) === 0) break;
  kept.add(best);
  for (const what of best.shows) shown.add(what);
}
// Drop histories that the ones added later have made unnecessary.
for (const history of [...kept].toReversed()) {
  const others = new Set([...kept].filter((other) => other !== history).flatMap((other) => [...other.shows]));
  if ([...history.shows].every((what) => others.has(what))) kept.delete(history);
}

for (const history of recorded) if (!kept.has(history)) rmSync(join(folder, history.name));
process.stdout.write(`kept ${kept.size} of ${recorded.length} histories, which show ${shown.size} different things\n`);

/**
 * What an event shows that may take a replay a different way: its type in this kind of workflow, and, in any kind of workflow, its
 * activity, failure type, signal, update and cause of a replacement; and whether a run begins with carried state. Event types that only the server causes count once for all kinds.
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
    ...named(`${kind} continued as new`, details.continuedExecutionRunId ? 'yes' : undefined),
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

/** The cause in the event that begins a replacement: in the replacement's own history, and in that of the VPN, which starts it. */
function causeIn(kind, type, { input, workflowType }) {
  const begins =
    type === 'START_CHILD_WORKFLOW_EXECUTION_INITIATED' ||
    (kind === 'replaceEngine' && type === 'WORKFLOW_EXECUTION_STARTED');
  if (!begins || workflowType.name !== 'replaceEngine') return undefined;
  return JSON.parse(Buffer.from(input.payloads[0].data, 'base64').toString('utf8')).cause;
}
