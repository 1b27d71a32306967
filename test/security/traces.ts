import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Stage } from '../program/stage';
import { textsIn } from './planted';

/** Places where a secret may have been left, with all text that is there. */
export type Traces = Map<string, string>;

/** Everything that Portward and its Temporal server have written so far, by place. */
export async function tracesOf(stage: Stage): Promise<Traces> {
  const traces: Traces = new Map();
  const { portward } = stage;
  traces.set('log', portward.logLines.map((line) => JSON.stringify(line)).join('\n'));
  for (const [path, text] of filesIn(portward.folder)) traces.set(`file ${path}`, text);
  for (const [id, text] of await workflowTexts(portward.temporalAddress)) traces.set(`workflow ${id}`, text);
  for (const vpn of stage.vpns) {
    for (const { id, name } of await stage.containers(vpn)) {
      const details = await stage.simulation.docker.getContainer(id).inspect();
      traces.set(`docker inspect ${name}`, JSON.stringify(details));
    }
  }
  traces.set('command line of Portward', commandLineOf(portward.pid));
  const temporal = portward.temporalPid;
  if (temporal === null) throw new Error('expected an embedded Temporal server, found none');
  traces.set('command line of Temporal', commandLineOf(temporal));
  traces.set('environment of Temporal', readFileSync(`/proc/${temporal}/environ`, 'latin1'));
  return traces;
}

/** The files as bytes, also databases. */
function filesIn(folder: string): [path: string, text: string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => {
      // A file may be renamed after the folder was read.
      const text = existsSync(path) ? readFileSync(path, 'latin1') : null;
      return text === null ? [] : [[path.slice(folder.length + 1), text] satisfies [string, string]];
    });
}

/** The workflows' histories and their descriptions: memos, search attributes, heartbeats, details. */
async function workflowTexts(address: string): Promise<[id: string, text: string][]> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const texts: [string, string][] = [];
    for await (const { workflowId, runId, raw } of client.workflow.list()) {
      const handle = client.workflow.getHandle(workflowId, runId);
      const [history, description] = await Promise.all([handle.fetchHistory(), handle.describe()]);
      texts.push([`${workflowId} ${runId}`, textsIn([raw, history, description.raw])]);
    }
    return texts;
  } finally {
    await connection.close();
  }
}

function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
}
