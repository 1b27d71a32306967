import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DockerSnapshot } from '../../src/activities/docker/snapshot';
import { countLiveEngines } from '../../src/activities/observe/live-engines';
import type { ContainerDetails } from '../../src/clients/docker/docker-host';
import { guessedReach } from '../../src/clients/docker/reach/reach';
import { engineApi } from '../../src/clients/engine/engine-probe';
import { variants } from '../../src/clients/engine/variants';
import { presentVpn } from '../builders';
import { until } from '../simulator/until';

const aceStream = variants({ arm32: 'x', arm64: 'x' })['krinkuto11-amd64'];
if (!aceStream) throw new Error('the default variant is not there');
const api = engineApi(aceStream);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function engine(answer: (response: ServerResponse) => void): Promise<number> {
  const server = createServer((_request, response) => answer(response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const says = (connected: boolean) => engine((response) => response.end(JSON.stringify({ result: { connected } })));

test('engines of an unhealthy VPN count as live if they say in time that they are connected', async () => {
  const vpn = presentVpn({ health: 'unhealthy' });
  // In the Docker host's network.
  const details = { Id: vpn.id, Name: '/gluetun', HostConfig: { NetworkMode: 'host' } } as unknown as ContainerDetails;
  const look = (engines: DockerSnapshot['engines']): DockerSnapshot => ({
    at: 0,
    monotonicAt: 0,
    vpn,
    details,
    engines,
    imagePresent: true,
  });
  const count = (...engines: DockerSnapshot['engines']) =>
    countLiveEngines(look(engines), { engineApi: api, reach: guessedReach() }, new AbortController().signal);
  const ofVpn = async (port: Promise<number>): Promise<DockerSnapshot['engines'][number]> => ({
    ...{ id: 'id', name: 'name', role: 'plain', p2pPort: null, labels: {}, createdAt: 0, startedAt: 0, evicted: false },
    ...{ httpPort: await port, httpsPort: null, running: true, networkOf: vpn.id },
  });

  const silent = await ofVpn(engine(() => {}));
  const dead = { ...(await ofVpn(says(true))), running: false };
  const elsewhere = { ...(await ofVpn(says(true))), networkOf: 'another' };
  const [one, two] = [await ofVpn(says(true)), await ofVpn(says(true))];
  // On a busy machine an answer may come too late to count.
  await until('both in time', async () => (await count(one, two, silent, dead, elsewhere)) === 2);
  expect(await count(one, silent, dead, elsewhere)).toBeLessThanOrEqual(1);
  expect(await count(await ofVpn(says(false)), silent)).toBe(0);
});
