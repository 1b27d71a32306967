import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';

// VPNs that forward several ports, on another port of the control server than usual, and one that is upgraded to a release
// that wants a key.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    vpns: [
      { port: [40_001, 40_002], controlPort: 8_001 },
      { port: [50_001, 50_002], controlPort: 8_002 },
    ],
    env: {
      ...NO_PROXY,
      GLUETUN_PORT_INDEX: '1',
      MIN_REPLICAS: '2',
      GLUETUN_API_PORT_2: '8002',
      ACE_HTTPS_RANGE: '46100-46101',
    },
  });
  await stage.listed(2);
}, 60_000);

afterAll(() => stage.clear());

test("the port is read where each VPN's environment, or GLUETUN_API_PORT, says, and ACE_HTTPS_RANGE says which ports engines have", async () => {
  await stage.forwarded(40_002, stage.vpn(0));
  await stage.forwarded(50_002, stage.vpn(1));
  const all = [...(await stage.containers(stage.vpn(0))), ...(await stage.containers(stage.vpn(1)))];
  const ports = all.map((c) => Number(c.labels['acestream.https_port']));
  expect(ports.filter((port) => port < 46_100 || port > 46_101)).toEqual([]);
});

test('GLUETUN_PORT_INDEX says which one is followed; that they are listed in another order changes nothing', async () => {
  const { container_id: engine } = await stage.forwarded(40_002);
  await stage.vpn().reorderPorts(40_002, 40_001);
  await stage.portReadAgain();
  await stage.portReadAgain();
  expect((await stage.forwarded(40_002)).container_id).toBe(engine);
  expect(await stage.replacements()).toHaveLength(1);
});

test('a Portward that was killed and begins anew goes on with the one that was followed, wherever it stands by then', async () => {
  const { container_id: engine } = await stage.forwarded(40_002);
  await stage.atRest();
  await stage.portward.kill('SIGKILL');
  await stage.portward.start();
  await stage.portReadAgain();
  await stage.portReadAgain();
  expect((await stage.forwarded(40_002)).container_id).toBe(engine);
  expect(await stage.replacements()).toHaveLength(1);
  expect(await stage.statusOf()).toMatchObject({ forwarded_port: 40_002, last_port: { port: 40_002 } });
});

test('when the one that is followed is no longer there, the one at the index is followed', async () => {
  await stage.vpn().changePort(40_001, 40_003);
  const fresh = await stage.forwarded(40_003);
  await stage.quiet();
  expect((await stage.containers()).map((c) => c.id)).toEqual([fresh.container_id]);
  await stage.vpn().changePort(40_004, 40_003);
  await stage.portReadAgain();
  await stage.portReadAgain();
  expect((await stage.forwarded(40_003)).container_id).toBe(fresh.container_id);
});

test('a list that is too short for the index is a problem that says what to set, not another port', async () => {
  await stage.vpn().changePort(40_009);
  const { port_problem: problem } = await until('a problem with the port', async () => {
    const status = await stage.statusOf();
    return status.port_problem === null ? null : status;
  });
  expect(problem).toMatch(/set GLUETUN_PORT_INDEX to a number below 1/);
  expect((await stage.engines()).filter((e) => e.p2p_port === 40_009)).toEqual([]);
});

test('after an upgrade that wants a key: status says why there is no port, and the port is followed once it may be read', async () => {
  const vpn = stage.vpn(1);
  await vpn.upgrade('master');
  const status = await until('the refusal in status', async () => {
    const shown = await stage.statusOf(vpn);
    return /refuses access \(401\)/.test(shown.port_problem ?? '') ? shown : null;
  });
  expect(status).toMatchObject({ forwarding: 'none', forwarded_port: null, health: 'healthy' });
  await vpn.setAuth({ mode: 'none' });
  await stage.forwarded(50_002, vpn);
  await stage.quiet(vpn);
  expect(await stage.containers(vpn)).toHaveLength(1);
  expect(await stage.statusOf(vpn)).toMatchObject({ forwarding: 'forwarded', port_problem: null });
});
