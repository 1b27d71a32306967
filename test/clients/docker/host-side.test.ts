import type { ContainerDetails } from '../../../src/clients/docker/docker-host';
import { hostAddresses } from '../../../src/clients/docker/reach/host-side';

/** The details of our own container that this depends on. @param hostIps addresses to which port 8000 is published */
function container(hostIps: readonly string[], networks: Readonly<Record<string, [string, string]>>) {
  const details = {
    NetworkSettings: {
      Networks: Object.fromEntries(
        Object.entries(networks).map(([name, [Gateway, IPv6Gateway]]) => [name, { Gateway, IPv6Gateway }]),
      ),
      Ports: { '8000/tcp': hostIps.map((HostIp) => ({ HostIp, HostPort: '8000' })), '8233/tcp': null },
    },
  };
  return details as unknown as ContainerDetails;
}

test('connections of the host to a published port come from the gateways of the networks', () => {
  const own = container(['127.0.0.1', '::1'], { one: ['172.18.0.1', ''], two: ['172.19.0.1', 'fd00::1'] });
  expect(hostAddresses(own, 8000)).toEqual(['172.18.0.1', '172.19.0.1', 'fd00::1']);
});

test.each([
  ['published to every address', ['0.0.0.0', '::']],
  ['published to an address of the home network', ['127.0.0.1', '192.168.1.5']],
  ['published without an address', ['']],
  ['not published', []],
])('if the port is %s, no address belongs to the host only', (_what, hostIps) => {
  expect(hostAddresses(container(hostIps, { one: ['172.18.0.1', ''] }), 8000)).toEqual([]);
});

test("a container in the host's network has no gateway", () => {
  expect(hostAddresses(container(['127.0.0.1'], { host: ['', ''] }), 8000)).toEqual([]);
});
