import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { workflowSource } from '../../src/temporal/workflow-code';
import { historiesFolder } from './bench';

// What workflows of this version have gone through must lead today's code to the same commands, or they would stop at the
// next update. How histories are recorded, and when the version is raised instead: CONTRIBUTING.md.

const files = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));
let workflowBundle: WorkflowBundle;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
  workflowBundle = await bundleWorkflowCode({
    ...workflowSource,
    logger: new DefaultLogger('ERROR'),
  });
});

test('there are histories of both workflows', () => {
  expect(files.filter((name) => name.includes('.vpn.')).length).toBeGreaterThan(5);
  expect(files.filter((name) => name.includes('.replaceEngine.')).length).toBeGreaterThan(5);
});

test.each(files)('%s replays', async (name) => {
  const history: unknown = JSON.parse(readFileSync(join(historiesFolder, name), 'utf8'));
  try {
    await Worker.runReplayHistory({ workflowBundle }, history);
  } catch (error) {
    const advice =
      'running workflows would stop: undo the change, or raise WORKFLOW_VERSION and record histories for it';
    throw new Error(`today's code does not replay ${name}; ${advice} (CONTRIBUTING.md)`, { cause: error });
  }
});

test('a history that this code would not write is refused, so that the tests above can fail', async () => {
  const [name = ''] = files.filter((file) => file.includes('.replaceEngine.'));
  const text = readFileSync(join(historiesFolder, name), 'utf8').replaceAll('"createEngine"', '"makeEngine"');
  await expect(Worker.runReplayHistory({ workflowBundle }, JSON.parse(text))).rejects.toThrow(/[Nn]ondeterminism/);
});
