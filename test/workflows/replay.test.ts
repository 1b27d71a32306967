import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { builtWorkflows } from './built-workflows';
import { historiesFolder } from './histories';

// What workflows of this version have gone through must lead today's code to the same commands, or they would stop at the
// next update. How histories are recorded, and when the version is raised instead: CONTRIBUTING.md.

const NOT_OURS = 'a history that this code would not write';

const files = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));

/** Why a history is not replayed; absent where it is. */
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

// All by one worker, since making one takes longer than most replays.
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
  expect(files.filter((name) => name.includes(`.${type}.`)).length).toBeGreaterThan(5);
});

test.each(files)('%s replays', (name) => {
  expect(replayed).toContain(name);
  const cause = errors.get(name);
  if (cause === undefined) return;
  const advice = 'running workflows would stop: undo the change, or raise WORKFLOW_VERSION and record histories for it';
  throw new Error(`today's code does not replay ${name}; ${advice} (CONTRIBUTING.md)`, { cause });
});

test('a history that this code would not write is refused, so that the tests above can fail', () => {
  expect(String(errors.get(NOT_OURS)?.message)).toMatch(/[Nn]ondeterminism/);
});
