import { wedgeTemporal } from '../../simulator/wedge-temporal';
import { startWorkflow, statusOf } from '../embedded-temporal/ask-server';
import { ServerBench, until } from '../embedded-temporal/server-bench';

let bench: ServerBench;
beforeAll(async () => {
  bench = await ServerBench.create();
});
afterAll(() => bench.clear());

test('a server that was wedged by reads with short deadlines is started again, and keeps its workflows', async () => {
  const server = await bench.start();
  await startWorkflow(server.address, 'vpn/default/gluetun');
  const before = server.pid;
  expect(await wedgeTemporal(server.address, 'vpn/default/gluetun', 90_000)).toBe(true);
  server.supervise();
  await until(() => server.pid !== before, 40_000);

  expect(await statusOf(server.address, 'vpn/default/gluetun')).toBe('RUNNING');
  expect(bench.servers()).toEqual([server.pid]);
  expect(bench.messages.filter((message) => message.includes('starting it again'))).toEqual([
    expect.stringMatching(/^The Temporal server \(pid \d+\) could not read its database for \d+ s \(/),
  ]);
  await server.stop();
}, 180_000);
