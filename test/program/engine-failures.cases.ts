import type { EngineJson, ReplacementJson } from '../../src/api/schemas/engines';
import { startPortHolder } from '../../simulator/port-holder';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { until } from '../simulator/until';
import { lane } from './lane';
import type { Stage } from './stage';

// Engines that die, vanish or hang are evicted and replaced; for an engine that keeps dying the pauses grow. Each VPN here has a forwarded
// engine, a plain one, and failures of its own, which happen at the same time as those of the others.

/** The forwarded ports of the first VPNs of the stage, at the beginning. */
export const FAILING_PORTS = [40_001, 40_002, 40_003] as const;

/** Sends a command to the simulated engine, which accepts it even while its API hangs. */
async function tell(engine: EngineJson, vpn: SimulatedVpn, what: string, body: object): Promise<void> {
  const url = `http://${vpn.address}:${engine.port}/simulator/${what}`;
  const response = await fetch(url, { method: 'PUT', body: JSON.stringify(body) });
  expect(response.status).toBe(200);
}

export function engineFailureCases(on: () => Stage): void {
  const [onFirst, onSecond, onThird] = [lane(), lane(), lane()];
  let stage: Stage;
  beforeAll(() => {
    stage = on();
  });

  async function enginesOf(vpn: SimulatedVpn): Promise<{ forwarded: EngineJson; plain: EngineJson }> {
    return until(`a forwarded and a plain engine on ${vpn.name}`, async () => {
      const engines = (await stage.engines()).filter((e) => e.vpn_container === vpn.name);
      const forwarded = engines.find((e) => e.forwarded);
      const plain = engines.find((e) => e.labels['acestream.forwarded'] === undefined);
      return engines.length === 2 && forwarded && plain ? { forwarded, plain } : null;
    });
  }

  /** Resolves with the engine's replacement when that is complete. */
  async function replacementOf(engine: EngineJson, vpn: SimulatedVpn): Promise<ReplacementJson> {
    return until(
      `${engine.container_name} replaced`,
      async () => {
        const all = await stage.replacements(vpn);
        const found = all.find((r) => r.old_engine?.container_id === engine.container_id);
        return found?.state === 'completed' ? found : null;
      },
      40_000,
    );
  }

  /** Expects exactly the two listed engines among the VPN's containers. */
  async function whole(vpn: SimulatedVpn): Promise<void> {
    const { forwarded, plain } = await enginesOf(vpn);
    await stage.quiet(vpn);
    const containers = await stage.containers(vpn);
    expect(containers.map((c) => c.id).toSorted()).toEqual([forwarded.container_id, plain.container_id].toSorted());
  }

  test.concurrent(
    'a forwarded engine that is killed is replaced on the same port, and the plain one is not touched',
    onFirst(async () => {
      const vpn = stage.vpn(0);
      const { forwarded, plain } = await enginesOf(vpn);
      await stage.simulation.docker.getContainer(forwarded.container_id).kill();
      expect(await replacementOf(forwarded, vpn)).toMatchObject({ cause: 'engine died', old_port: 40_001 });
      expect((await enginesOf(vpn)).plain.container_id).toBe(plain.container_id);
      await whole(vpn);
    }),
  );

  test.concurrent(
    'a plain engine that is removed by hand is replaced',
    onFirst(async () => {
      const vpn = stage.vpn(0);
      const { forwarded, plain } = await enginesOf(vpn);
      await stage.simulation.docker.getContainer(plain.container_id).remove({ force: true });
      // Docker may report the engine's death before its removal.
      expect((await replacementOf(plain, vpn)).cause).toMatch(/^engine (missing|died)$/);
      expect((await enginesOf(vpn)).forwarded.container_id).toBe(forwarded.container_id);
      await whole(vpn);
    }),
  );

  test.concurrent(
    'an engine whose API hangs HEALTH_FAILURE_THRESHOLD times is replaced',
    onSecond(async () => {
      const vpn = stage.vpn(1);
      const { forwarded, plain } = await enginesOf(vpn);
      await tell(forwarded, vpn, 'hang', { hang: true });
      expect(await replacementOf(forwarded, vpn)).toMatchObject({ cause: 'engine unhealthy', old_port: 40_002 });
      expect((await enginesOf(vpn)).plain.container_id).toBe(plain.container_id);
      await whole(vpn);
    }),
  );

  test.concurrent(
    'an engine that hangs only once stays',
    onSecond(async () => {
      const vpn = stage.vpn(1);
      const before = await enginesOf(vpn);
      const checked = async () => Date.parse((await enginesOf(vpn)).plain.last_health_check ?? '');
      await tell(before.plain, vpn, 'hang', { hang: 1 });
      await until('a check that met it', async () => {
        const state = await fetch(`http://${vpn.address}:${before.plain.port}/simulator/state`);
        return ((await state.json()) as { hang: unknown }).hang === 0;
      });
      const from = Date.now();
      await until('another check of it', async () => (await checked()) > from, 30_000);
      expect(await enginesOf(vpn)).toMatchObject({
        plain: { container_id: before.plain.container_id, health_status: 'healthy' },
      });
    }),
  );

  test.concurrent(
    'if another container has the forwarded port, the problem names it, and plain engines are kept up meanwhile',
    onFirst(async () => {
      const vpn = stage.vpn(0);
      const { plain } = await enginesOf(vpn);
      const { docker, runId } = stage.simulation;
      const name = stage.simulation.name('torrent');
      const holder = await startPortHolder(docker, { runId, vpnContainer: vpn.containerId, name, port: 40_010 });
      await vpn.changePort(40_010);
      const shown = new RegExp(`^port 40010 is taken in the network of VPN '${vpn.name}', by container '${name}'`);
      await until('the problem', async () => shown.test((await stage.statusOf(vpn)).problem ?? ''));
      await docker.getContainer(plain.container_id).kill();
      const replaced = await replacementOf(plain, vpn);
      expect(replaced).toMatchObject({ cause: 'engine died', reason: expect.stringMatching(/\(exit code 137\)/) });
      await stage.portward.untilLog(new RegExp(`ing engine ${plain.container_name}: engine died \\(.*exit code 137`));
      expect((await stage.statusOf(vpn)).circuit_breakers?.general.state).toBe('closed');
      await holder.remove();
      await stage.forwarded(40_010, vpn);
      await until('no problem', async () => (await stage.statusOf(vpn)).problem === null);
    }),
  );

  test.concurrent(
    'an engine that keeps dying is replaced at once, then after 5 s, then after 10 s',
    onThird(async () => {
      const vpn = stage.vpn(2);
      for (let times = 0; times < 3; times++) {
        const { plain } = await enginesOf(vpn);
        await stage.simulation.docker.getContainer(plain.container_id).kill();
        await until('the dead engine hidden', async () =>
          (await stage.engines()).every((e) => e.container_id !== plain.container_id),
        );
        await until(
          'its successor',
          async () => {
            const engines = (await stage.engines()).filter((e) => e.vpn_container === vpn.name);
            return engines.length === 2;
          },
          40_000,
        );
      }
      const all = (await stage.replacements(vpn)).filter((r) => r.new_engine !== null && r.new_port === null);
      const [first = 0, second = 0, third = 0, ...more] = all
        .filter((r) => r.cause !== 'first engine')
        .map((r) => Date.parse(r.started_at))
        .toReversed();
      expect(more).toEqual([]);
      expect(second - first).toBeGreaterThanOrEqual(5_000);
      expect(third - second).toBeGreaterThanOrEqual(10_000);
      await whole(vpn);
    }),
  );
}
