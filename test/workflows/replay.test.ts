import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { builtWorkflows } from './built-workflows';
import { historiesFolder } from './histories';

// What workflows of this version have gone through must lead today's code to the same commands, or they would stop at the
// next update. How histories are recorded, and when the version is raised instead: CONTRIBUTING.md.

const files = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
});

test.each(['vpn', 'replaceEngine', 'fleet'])('there are histories of %s', (type) => {
  expect(files.filter((name) => name.includes(`.${type}.`)).length).toBeGreaterThan(5);
});

test.each(files)('%s replays', async (name) => {
  const history: unknown = JSON.parse(readFileSync(join(historiesFolder, name), 'utf8'));
  try {
    await Worker.runReplayHistory({ workflowBundle: builtWorkflows }, history);
  } catch (error) {
    const advice =
      'running workflows would stop: undo the change, or raise WORKFLOW_VERSION and record histories for it';
    throw new Error(`today's code does not replay ${name}; ${advice} (CONTRIBUTING.md)`, { cause: error });
  }
});

test('a history that this code would not write is refused, so that the tests above can fail', async () => {
  const [name = ''] = files.filter((file) => file.includes('.replaceEngine.'));
  const text = readFileSync(join(historiesFolder, name), 'utf8').replaceAll('"createEngine"', '"makeEngine"');
  await expect(Worker.runReplayHistory({ workflowBundle: builtWorkflows }, JSON.parse(text))).rejects.toThrow(
    /[Nn]ondeterminism/,
  );
});
