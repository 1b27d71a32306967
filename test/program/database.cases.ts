import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { EngineJson } from '../../src/api/schemas/engines';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import type { Stage } from './stage';

// The embedded server's database is lost while Portward runs; Portward itself is not restarted. `embedded-temporal/server` has the ways
// in which a database can be lost.

export function databaseCases(on: () => Stage): void {
  let stage: Stage;
  let client: Client;
  beforeAll(async () => {
    stage = on();
    client = await stage.client();
  });

  const GARBAGE = 'This is no database. '.repeat(1_000);

  const database = () => join(stage.portward.dataDir, 'temporal.db');

  /** The run id of the VPN's workflow; null while the server does not answer. */
  async function runId(): Promise<string | null> {
    return client.workflow
      .getHandle(stage.workflowId())
      .describe()
      .then(
        (found) => found.runId,
        () => null,
      );
  }

  /** Stops the server first: a server that writes in between could restore a part of the database. */
  async function overwriteAndKillServer(): Promise<void> {
    const pid = stage.temporalPid();
    process.kill(pid, 'SIGSTOP');
    // The write-ahead log too: it has the latest writes, from which the database could recover.
    for (const part of ['', '-wal']) writeFileSync(database() + part, GARBAGE);
    process.kill(pid, 'SIGKILL');
    await until('another server', () => ![null, pid].includes(stage.portward.temporalPid));
  }

  test('overwritten with garbage, and the server restarts: everything is found again from Docker, no engine is touched, and clients have a list', async () => {
    const { pid } = stage.portward;
    const before = (await stage.listed(2)).map((e) => e.container_id).toSorted();
    const former = await runId();
    expect(former).not.toBeNull();
    const wrong: string[] = [];
    const clients = meanwhile(async () => {
      const response = await fetch(`${stage.portward.url}/engines`);
      const body: unknown = await response.json();
      const ids = Array.isArray(body) ? (body as EngineJson[]).map((e) => e.container_id).toSorted() : [];
      if (ids.join() !== before.join()) wrong.push(`${response.status} ${JSON.stringify(body)}`);
    });
    await overwriteAndKillServer();
    await until('a new workflow', async () => ![null, former].includes(await runId()), 60_000);
    await stage.forwarded((await stage.vpn().state()).port);
    await clients.stop();
    expect(wrong).toEqual([]);
    expect((await stage.containers()).map((c) => c.id).toSorted()).toEqual(before);
    expect(await stage.replacements()).toEqual([]);
    expect(stage.portward.pid).toBe(pid);
  });

  test('a damaged database is kept, and the log says where it is and what follows', async () => {
    const line = await stage.portward.untilLog(/database \S+ is damaged/);
    expect(line.text).toContain(`${database()}.damaged`);
    expect(line.text).toMatch(/found again from Docker/);
    const listed = execFileSync('ls', [stage.portward.dataDir], { encoding: 'utf8' });
    expect(listed.split('\n')).toContain('temporal.db.damaged');
  });
}
