import type { EngineJson } from '../../src/api/schemas/engines';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { until } from '../simulator/until';
import { lane } from './lane';
import type { Stage } from './stage';

// A VPN whose tunnel dies, and which loses its port. It has a plain engine beside its forwarded one.

const PORT = 65_290;

/** The orders that the VPN's control server has got, with the status of their answers. */
export async function statusChanges(vpn: SimulatedVpn): Promise<unknown[]> {
  return (await vpn.requests()).filter((r) => r.method === 'PUT').map((r) => [r.path, r.status]);
}

export function lostPortCases(on: () => Stage, at: number): void {
  let stage: Stage;
  const lost = () => stage.vpn(at);
  const onLost = lane();
  beforeAll(() => {
    stage = on();
  });

  async function listedOf(vpn: SimulatedVpn): Promise<EngineJson[]> {
    return (await stage.engines()).filter((e) => e.vpn_container === vpn.name);
  }

  test.concurrent(
    'the tunnel is dead and the control server says the old port: the port counts, and the engine stays listed as forwarded',
    onLost(async () => {
      const vpn = lost();
      const { container_id: id } = await stage.forwarded(PORT, vpn);
      const known = (await stage.replacements(vpn)).length;
      await vpn.killTunnel();
      await stage.portReadAgain(vpn);
      await stage.portReadAgain(vpn);
      expect((await stage.forwarded(PORT, vpn)).container_id).toBe(id);
      expect(await stage.statusOf(vpn)).toMatchObject({ forwarding: 'forwarded', problem: null, port_problem: null });
      expect(await stage.replacements(vpn)).toHaveLength(known);
      await vpn.reviveTunnel();
    }),
  );

  test.concurrent(
    'a port that is lost for good: the VPN is restarted inside its container, and only the forwarded engine is replaced',
    onLost(async () => {
      const vpn = lost();
      const startedAt = async () =>
        (await stage.simulation.docker.getContainer(vpn.containerId).inspect()).State.StartedAt;
      const startedAtFirst = await startedAt();
      const plain = (await listedOf(vpn)).filter((e) => !e.forwarded).map((e) => e.container_id);
      expect(plain).toHaveLength(1);
      await vpn.setNextPort(40_648);
      await vpn.losePort();
      await stage.portward.untilLog(
        /has had no forwarded port for \d+ s - restarting the VPN inside its container \(1 of 3\)/,
      );
      const fresh = await stage.forwarded(40_648, vpn);
      await stage.portward.untilLog(/has a forwarded port again after \d+ s: 40648, before it was 65290/);
      await stage.quiet(vpn);

      expect(await startedAt()).toBe(startedAtFirst);
      expect(await statusChanges(vpn)).toEqual([
        ['/v1/vpn/status', 200],
        ['/v1/vpn/status', 200],
      ]);
      const ids = (await stage.containers(vpn)).map((c) => c.id);
      expect(ids.toSorted()).toEqual([fresh.container_id, ...plain].toSorted());
      const [replacement] = await stage.replacements(vpn);
      expect(replacement).toMatchObject({ cause: 'port changed', old_port: PORT, new_port: 40_648 });
      expect(await stage.statusOf(vpn)).toMatchObject({
        forwarding: 'forwarded',
        forwarded_port: 40_648,
        port_problem: null,
        remedy: { kind: 'restart VPN', ended_at: expect.any(String), error: null },
      });
    }),
  );

  test.concurrent(
    'a port that is lost again soon afterwards: the next restart waits, and the engine stays listed, but not as forwarded',
    onLost(async () => {
      const vpn = lost();
      const { container_id: id } = await stage.forwarded(40_648, vpn);
      await vpn.losePort();
      await until('the port lost', async () => (await stage.statusOf(vpn)).forwarding === 'lost');
      const listed = await until('no engine forwarded', async () => {
        const all = await listedOf(vpn);
        return all.length === 2 && all.every((e) => !e.forwarded) ? all : null;
      });
      expect(listed.map((e) => e.container_id)).toContain(id);
      expect(await statusChanges(vpn)).toHaveLength(2);
    }),
  );
}
