import type { Snapshot } from '../../src/domain/vpn/observation';
import { RealVpns } from './real-vpns';

// A file of its own, because the order of two events is only certain on a machine that does nothing else. Docker
// takes down 200 published ports one by one.

const vpns = new RealVpns();
afterAll(() => vpns.clear());

const hasEnded = (snapshot: Snapshot) => snapshot.vpn.kind === 'present' && !snapshot.vpn.running;

test('the engines of a killed VPN are withheld while Docker still takes down its ports and calls it running', async () => {
  const enginePorts = { from: 19_700, to: 19_899 };
  const vpn = await vpns.simulation.startVpn({ startDelayMs: 0, publish: true, enginePorts });
  await vpn.untilHealth('healthy');
  const { engine, seen } = await vpns.watched(vpn, 19_700);
  const first = seen((snapshot) => snapshot.withheld !== undefined || hasEnded(snapshot));
  const [withheld] = await Promise.all([first, vpn.kill()]);
  expect(withheld).toMatchObject({ vpn: { running: true }, withheld: [engine.id] });
  const ended = await seen(hasEnded);
  expect(ended).toMatchObject({ vpn: { down: { state: 'exited', exitCode: 137 } } });
});
