import { defaultPayloadConverter } from '@temporalio/common';
import type { ReplacementJson } from '../../src/api/schemas/engines';
import { until } from '../simulator/until';
import type { Stage } from './stage';

// Every way to force a replacement.

export function forcedCases(on: () => Stage, at: number): void {
  let stage: Stage;
  const vpn = () => stage.vpn(at);
  beforeAll(() => {
    stage = on();
  });

  /** Resolves with the replacement when it is complete. */
  function completed(id: string): Promise<ReplacementJson> {
    // The API's list may still be from before the request.
    return until(
      `the end of ${id}`,
      async () => (await stage.replacements(vpn())).find((r) => r.id === id && r.state === 'completed'),
      40_000,
    );
  }

  async function theOnlyEngine(): Promise<string> {
    const engine = await stage.forwarded(65_290, vpn());
    expect((await stage.containers(vpn())).map((c) => c.id)).toEqual([engine.container_id]);
    return engine.container_id;
  }

  /** Requests a replacement, always with the same Idempotency-Key. */
  async function askOnce(): Promise<string> {
    const response = await stage.replace(undefined, { 'idempotency-key': 'just-once' }, vpn());
    return ((await response.json()) as ReplacementJson).id;
  }

  test("the VPN's public address is reported", async () => {
    const answer = await until('the public address', async () => {
      const response = await fetch(`${stage.portward.url}/vpn/publicip`);
      return response.ok ? ((await response.json()) as { public_ip: string }) : null;
    });
    // The default of the simulated control server.
    expect(answer.public_ip).toBe('203.0.113.7');
  });

  test('by HTTP: 202 with the id, the new engine on the same port, started after the old one has stopped', async () => {
    const before = await theOnlyEngine();
    const response = await stage.replace({ reason: 'to see' }, {}, vpn());
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as ReplacementJson;
    const done = await completed(id);
    expect(done).toMatchObject({
      cause: 'forced',
      reason: 'to see',
      state: 'completed',
      old_port: 65_290,
      new_port: 65_290,
      old_engine: { container_id: before },
      failed_attempts: 0,
    });
    expect(await theOnlyEngine()).not.toBe(before);
  });

  test('by HTTP with the same Idempotency-Key: the same replacement, and only one', async () => {
    const [first, second] = await Promise.all([askOnce(), askOnce()]);
    expect(second).toBe(first);
    await completed(first);
    expect(await askOnce()).toBe(first);
    await theOnlyEngine();
  });

  test('by HTTP for an engine that is not there: 409 that says so, and nothing is changed', async () => {
    const before = await theOnlyEngine();
    const response = await stage.replace({ engine: 'nobody' }, {}, vpn());
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({ detail: `no engine 'nobody' on VPN '${vpn().name}'` });
    expect(await theOnlyEngine()).toBe(before);
  });

  test('by the command line', async () => {
    const before = await theOnlyEngine();
    const printed = await stage.portward.command('replace', vpn().name, '--reason', 'from a terminal');
    const id = /replace\/\S+/.exec(printed)?.[0] ?? '';
    expect(await completed(id)).toMatchObject({ cause: 'forced', reason: 'from a terminal', state: 'completed' });
    expect(await theOnlyEngine()).not.toBe(before);
    expect(await stage.portward.command('status')).toMatch(new RegExp(`${vpn().name} +healthy +65290 +forwarded`));
  });

  test('portward doctor knows of a running Portward and its Temporal server, and finds nothing wrong with either', async () => {
    interface Check {
      readonly id: string;
      readonly verdict: string;
      readonly found: string;
    }
    // It may find something wrong with this machine and end with 1; only the checks below count.
    const printed = await stage.portward.command('doctor', '--json').catch((error: Error) => error.message);
    const { checks } = JSON.parse(printed) as { checks: Check[] };
    const found = (id: string) => checks.filter((c) => c.id === id).map((c) => `${c.verdict}: ${c.found}`);
    const all = stage.vpns.length;
    const runs = new RegExp(`^ok: it runs, .*${all} of ${all} VPNs forwarding$`);
    expect(found('portward.running')).toEqual([expect.stringMatching(runs)]);
    expect(found('temporal.server')).toEqual([expect.stringMatching(/^ok: server 1\..*, started by Portward$/)]);
    expect(found('temporal.search-attributes')).toEqual([expect.stringMatching(/^ok: PortwardVpn, .* are there$/)]);
    expect(found('temporal.retention')).toEqual([expect.stringMatching(/^ok: namespace 'default' keeps/)]);
    expect(found('vpn.container')).toEqual(stage.vpns.map(() => expect.stringMatching(/^ok: it runs/)));
    expect(found('docker.left-over-engines')).toEqual(['ok: every engine belongs to a configured VPN']);
  });

  test("by a signal from Temporal's own command line; a signal with invalid input does no harm", async () => {
    const before = await theOnlyEngine();
    const signal = (...input: string[]) =>
      stage.temporal(
        'workflow',
        'signal',
        '--workflow-id',
        stage.workflowId(vpn()),
        '--name',
        'replaceEngine',
        ...input,
      );
    await signal('--input', '"rubbish"');
    await signal('--input', '{"engine": 7}');
    await stage.portward.untilLog(/signal replaceEngine ignored/);
    expect(await theOnlyEngine()).toBe(before);
    const from = stage.portward.logLines.length;
    await signal();
    await stage.portward.untilLog(new RegExp(`${vpn().name}\\] Replacing engine \\S+: forced`), { from });
    await stage.quiet(vpn());
    expect(await theOnlyEngine()).not.toBe(before);
  });

  test('its workflow shows evict, stop and provision, each readable, under a summary of what changes', async () => {
    const [latest] = await stage.replacements(vpn());
    const client = await stage.client();
    const handle = client.workflow.getHandle(latest?.id ?? '');
    const { events } = await handle.fetchHistory();
    const summaries = (events ?? []).flatMap(({ userMetadata }) =>
      userMetadata?.summary ? [String(defaultPayloadConverter.fromPayload(userMetadata.summary))] : [],
    );
    expect(summaries[0]).toBe(`${vpn().name}: 65290 → 65290, forced`);
    // The rest is a timer, which ends when the engine answers.
    const activities = summaries.slice(1).filter((summary) => !summary.endsWith('is still booting'));
    // This activity runs beside those that hide and stop the old engine.
    const port = 'wait until the old engine has left its port';
    expect(activities.filter((summary) => summary === port)).toHaveLength(1);
    expect(activities.filter((summary) => summary !== port)).toEqual([
      expect.stringMatching(/^evict acestream_fwd_/),
      expect.stringMatching(/^stop and remove acestream_fwd_/),
      'provision forwarded engine on port 65290',
      expect.stringMatching(/^wait until acestream_fwd_\S+ answers$/),
    ]);
    const engine = { id: expect.any(String), name: expect.stringMatching(/^acestream_fwd_/), p2pPort: 65_290 };
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(await handle.result()).toMatchObject({
      cause: 'forced',
      oldEngines: [{ ...engine, removed: true }],
      newEngine: engine,
      failedAttempts: 0,
      times: { hidden: time, ready: time, gone: time },
    });
  });
}
