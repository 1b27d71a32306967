import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import type { Cause } from '../../src/domain/replacement';
import { builtWorkflows } from './built-workflows';
import { historiesFolder } from './histories';

// The present code must come to the same commands as the histories of workflows of this version, or these would be stuck after an update.
// How histories are recorded, and when the version is raised instead: src/workflows/README.md.

const NOT_OURS = 'a history that this code would not write';

const files = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));

/** Why the replay of a history failed, by its name. */
const errors = new Map<string, Error>();
const replayed = new Set<string>();

async function* histories() {
  for (const name of files) {
    const history: unknown = JSON.parse(await readFile(join(historiesFolder, name), 'utf8'));
    yield { workflowId: name, history };
  }
  const [name = ''] = files.filter((file) => file.includes('.replaceEngine.'));
  const text = await readFile(join(historiesFolder, name), 'utf8');
  yield { workflowId: NOT_OURS, history: JSON.parse(text.replaceAll('"createEngine"', '"makeEngine"')) as unknown };
}

// All with one worker, since making one takes longer than most replays.
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: builtWorkflows },
    histories(),
  )) {
    replayed.add(workflowId);
    if (error) errors.set(workflowId, error);
  }
});

test.each(['vpn', 'replaceEngine', 'fleet'])('there are histories of %s', (type) => {
  expect(files.filter((name) => name.includes(`.${type}.`)).length).toBeGreaterThan(1);
});

/** With types that require an entry for each. */
const activities: Record<keyof Activities, true> = {
  observe: true,
  evictEngines: true,
  releaseEngine: true,
  removeEngine: true,
  awaitReleased: true,
  createEngine: true,
  awaitEngine: true,
  awaitPortsFree: true,
  restartVpn: true,
  reconnectVpn: true,
  notify: true,
  pullImage: true,
};
const causes: Record<Cause, true> = {
  'first engine': true,
  'engine missing': true,
  'port changed': true,
  'port conflict': true,
  forced: true,
  'VPN restarted': true,
  'VPN re-created': true,
  'VPN removed': true,
  'VPN reconnected': true,
  'engine died': true,
  'engine unhealthy': true,
  surplus: true,
  'left over': true,
  'scaled up': true,
  requested: true,
  removed: true,
};

test('every activity, and every cause of a replacement, is in one of the histories', () => {
  const [asked, begun] = [new Set<string>(), new Set<string>()];
  for (const name of files) {
    const text = readFileSync(join(historiesFolder, name), 'utf8');
    for (const [, type = ''] of text.matchAll(/"activityType":\{"name":"(\w+)"/g)) asked.add(type);
    for (const cause of causesIn(text)) begun.add(cause);
  }
  expect([...asked].toSorted()).toEqual(Object.keys(activities).toSorted());
  expect([...begun].toSorted()).toEqual(Object.keys(causes).toSorted());
});

interface Begun {
  readonly workflowType: { readonly name: string };
  readonly input: { readonly payloads: readonly { readonly data: string }[] };
}

/** Causes in the inputs of replacements' workflows: in their own first events, and in the events with which a VPN starts them. */
function causesIn(history: string): string[] {
  const { events } = JSON.parse(history) as {
    events: {
      workflowExecutionStartedEventAttributes?: Begun;
      startChildWorkflowExecutionInitiatedEventAttributes?: Begun;
    }[];
  };
  return events.flatMap((event) => {
    const begun =
      event.workflowExecutionStartedEventAttributes ?? event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (begun?.workflowType.name !== 'replaceEngine') return [];
    const data = begun.input.payloads[0]?.data ?? '';
    const input = JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as { cause: string };
    return [input.cause];
  });
}

test.each(files)('%s replays', (name) => {
  expect(replayed).toContain(name);
  const cause = errors.get(name);
  if (cause === undefined) return;
  const advice = 'running workflows would stop: undo the change, or raise WORKFLOW_VERSION and record histories for it';
  throw new Error(`today's code does not replay ${name}; ${advice} (src/workflows/README.md)`, { cause });
});

test('a history that this code would not write is refused, so that the tests above can fail', () => {
  expect(String(errors.get(NOT_OURS)?.message)).toMatch(/[Nn]ondeterminism/);
});
