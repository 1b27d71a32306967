import { RealVpns } from './real-vpns';

// In a file of its own: what has to be seen before something else is so on a machine that does nothing but this.

const vpns = new RealVpns();
afterAll(() => vpns.clear());

test('a VPN that is killed has its engines withheld before Docker, which takes down its published ports, calls it ended', async () => {
  const enginePorts = { from: 19_700, to: 19_749 };
  const vpn = await vpns.simulation.startVpn({ startDelayMs: 0, publish: true, enginePorts });
  await vpn.untilHealth('healthy');
  const { engine, seen } = await vpns.watched(vpn, 19_700);
  const [withheld] = await Promise.all([seen((sight) => sight.withheld !== undefined), vpn.kill()]);
  expect(withheld).toMatchObject({ vpn: { running: true }, withheld: [engine.id] });
  const ended = await seen((sight) => sight.vpn.kind === 'present' && !sight.vpn.running);
  expect(ended).toMatchObject({ vpn: { down: { state: 'exited', exitCode: 137 } } });
}, 40_000);
