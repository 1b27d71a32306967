import type { VpnJson } from '../../src/api/schemas/engines';
import { until } from '../simulator/until';
import type { Stage } from './stage';
import { steadily } from './steadily';

// Portward restarts a VPN that Docker has called unhealthy for too long, with one remedy at a time, and waits for a VPN that is starting.
// Each of these tests has a VPN of its own.

/** VPN_UNHEALTHY_RESTART_TIMEOUT_S. */
export const UNHEALTHY_FOR_S = 1;
const RESTARTING = /restarting its container/;
const LONG_MS = 3_000 * UNHEALTHY_FOR_S;
/** The number of VPNs that these cases need. The first one stays without health until its test sets it. */
export const UNHEALTHY = 3;

export function unhealthyVpnCases(on: () => Stage, first: number): void {
  const [STARTING, ALIVE, DEAD] = [first, first + 1, first + 2] as const;
  let stage: Stage;
  beforeAll(() => {
    stage = on();
  });

  /** When Docker started the VPN's container; it changes with each restart. */
  async function startedAt(index: number): Promise<string> {
    return (await stage.simulation.docker.getContainer(stage.vpn(index).containerId).inspect()).State.StartedAt;
  }

  async function health(is: VpnJson['health'], index: number): Promise<void> {
    await until(`the VPN shown as ${is}`, async () => (await stage.statusOf(stage.vpn(index))).health === is);
  }

  async function listedOf(index: number): Promise<string[]> {
    return (await stage.engines()).flatMap((e) => (e.vpn_container === stage.vpn(index).name ? [e.container_id] : []));
  }

  /** A pattern for a log line about that VPN. */
  function said(text: RegExp, index: number): RegExp {
    return new RegExp(`^\\[${stage.vpn(index).name}\\] .*${text.source}`);
  }

  function linesOf(text: RegExp, index: number): string[] {
    const pattern = said(text, index);
    return stage.portward.logLines.map((line) => line.text).filter((line) => pattern.test(line));
  }

  /** Resolves when Portward has restarted the VPN and made its forwarded engine anew. */
  async function cured(before: string, index: number): Promise<void> {
    await until('another run of the VPN container', async () => (await startedAt(index)) !== before);
    await stage.vpn(index).untilAnswering();
    await stage.forwarded(65_290, stage.vpn(index));
    await stage.quiet(stage.vpn(index));
  }

  test.concurrent(
    'a VPN that is starting is not unhealthy: Portward neither restarts it, however long it takes, nor reads its port',
    async () => {
      const vpn = stage.vpn(STARTING);
      const before = await startedAt(STARTING);
      await health('starting', STARTING);
      // Much longer than the timeout.
      await steadily('the VPN starting', LONG_MS, async () => (await stage.statusOf(vpn)).health === 'starting');
      expect(await startedAt(STARTING)).toBe(before);
      const unknown = { remedy: null, forwarding: 'unknown', port_problem: null, engines: 0 };
      expect(await stage.statusOf(vpn)).toMatchObject(unknown);
      expect((await vpn.requests()).map((r) => r.path)).toEqual([]);
      await vpn.setHealth(true);
      await stage.forwarded(65_290, vpn);
    },
  );

  test.concurrent(
    'a VPN that stays unhealthy is logged, its container is restarted once, and its engines are made anew',
    async () => {
      const vpn = stage.vpn(ALIVE);
      const before = await startedAt(ALIVE);
      const old = (await stage.containers(vpn)).map((c) => c.id);
      // The container takes longer to stop than the timeout, so there would be time for a wrong second remedy.
      await vpn.setChangeTimes({ downCommandMs: 6_000 });
      await vpn.setHealth(false);
      // The line may also mention live connections: the engines have half a second to report them, too short on a busy machine.
      await stage.portward.untilLog(said(/is unhealthy: its engines are hidden/, ALIVE));
      await stage.portward.untilLog(said(/has been unhealthy for \d+ s - restarting its container/, ALIVE));
      const during = await until('the remedy in status', async () => (await stage.statusOf(vpn)).remedy);
      expect(during).toMatchObject({ kind: 'restart container', ended_at: null, error: null });
      expect(await listedOf(ALIVE)).toEqual([]);
      await cured(before, ALIVE);

      expect((await stage.containers(vpn)).filter((c) => old.includes(c.id))).toEqual([]);
      expect(linesOf(RESTARTING, ALIVE)).toHaveLength(1);
      expect(await stage.statusOf(vpn)).toMatchObject({
        health: 'healthy',
        problem: null,
        remedy: { kind: 'restart container', started_at: during.started_at, ended_at: expect.any(String), error: null },
      });
    },
  );

  test.concurrent(
    'a dead tunnel is not reported as alive; a restart that Docker refuses is shown, and tried again after twice the time',
    async () => {
      const vpn = stage.vpn(DEAD);
      const before = await startedAt(DEAD);
      stage.gate.rule = (method, path) =>
        method === 'POST' && path.includes('/restart') && path.includes(vpn.containerId)
          ? { status: 403, message: 'not permitted by this test' }
          : null;
      await vpn.killTunnel({ unhealthyAfterMs: 0 });
      const { text } = await stage.portward.untilLog(said(/is unhealthy: its engines are hidden/, DEAD));
      expect(text).not.toMatch(/live connections/);
      const failed = await until('the failure in status', async () => {
        const { remedy } = await stage.statusOf(vpn);
        return remedy !== null && remedy.error !== null && remedy.ended_at !== null && remedy;
      });
      expect(failed).toMatchObject({ kind: 'restart container', ended_at: expect.any(String) });
      expect(failed.error).toMatch(/403.*not permitted by this test/);
      // The problem lasts until the next attempt, which may come first on a busy machine.
      await until('the failure as the problem', async () =>
        /is unhealthy: .*, and it could not be restarted: .*not permitted/.test(
          (await stage.statusOf(vpn)).problem ?? '',
        ),
      );
      expect(await startedAt(DEAD)).toBe(before);
      expect(await listedOf(DEAD)).toEqual([]);

      stage.gate.rule = () => null;
      await cured(before, DEAD);
      const refused = linesOf(/VPN '\S+' could not be restarted/, DEAD);
      expect(refused.length).toBeGreaterThanOrEqual(1);
      expect(linesOf(RESTARTING, DEAD)).toHaveLength(refused.length + 1);
      const { remedy } = await stage.statusOf(vpn);
      expect(remedy).toMatchObject({ kind: 'restart container', error: null });
      const pause = Date.parse(remedy?.started_at ?? '') - Date.parse(failed.ended_at ?? '');
      expect(pause).toBeGreaterThanOrEqual(2_000 * UNHEALTHY_FOR_S);
    },
  );
}
