import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKFLOW_VERSION } from '../../src/workflows/version';
import type { TemporalBench } from './bench';

/** Histories of the present version of the workflow code. Others are never replayed, see `src/workflows/version.ts`. */
export const historiesFolder = join(__dirname, '..', 'histories', `v${WORKFLOW_VERSION}`);

/** Temporal's list filter for all workflows of an instance. */
export function workflowsOf(instance: string): string {
  return `WorkflowId STARTS_WITH 'vpn/${instance}/' OR WorkflowId STARTS_WITH 'replace/${instance}/' OR WorkflowId = 'fleet/${instance}'`;
}

/**
 * Writes histories of this instance's workflows to files for `replay.test.ts`, under the test's name: the shortest and the longest of each
 * type, since the others are much like them. Does nothing unless RECORD_HISTORIES is `true`.
 */
export async function recordHistories(bench: TemporalBench, instance: string, types: readonly string[]) {
  if (process.env['RECORD_HISTORIES'] !== 'true') return;
  const recorded = new Map<string, string[]>();
  for await (const { workflowId, runId, type } of bench.env.client.workflow.list({
    query: workflowsOf(instance),
  })) {
    if (!types.includes(type)) continue;
    const show = ['workflow', 'show', '--workflow-id', workflowId, '--run-id', runId, '--output', 'json'];
    const shown = execFileSync(bench.cli, [...show, '--address', bench.env.address], {
      maxBuffer: 64 * 1024 * 1024,
      encoding: 'utf8',
    });
    // Stack traces contain paths of the machine that recorded them; a replay does not need them.
    const withoutTraces: unknown = JSON.parse(shown, (key, value: unknown) => (key === 'stackTrace' ? '' : value));
    recorded.set(type, [...(recorded.get(type) ?? []), JSON.stringify(withoutTraces)]);
  }
  mkdirSync(historiesFolder, { recursive: true });
  const test = expect.getState();
  const title = test.currentConcurrentTestName?.() ?? test.currentTestName ?? 'unnamed';
  const name = title.replaceAll(/[^a-zA-Z]+/g, '-').slice(0, 80);
  for (const [type, histories] of recorded) {
    const byLength = histories.toSorted((a, b) => a.length - b.length);
    const kept = new Set([byLength[0], byLength.at(-1)]);
    for (const [i, history] of [...kept].entries())
      writeFileSync(join(historiesFolder, `${name}.${type}.${i + 1}.json`), history ?? '');
  }
}
