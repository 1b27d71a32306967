import type Docker from 'dockerode';
import { join } from 'node:path';
import { findOwnContainer, ownContainerIds, type Surroundings } from '../../../src/clients/docker/reach/own-container';
import { DockerHost } from '../../../src/clients/docker/docker-host';
import { ensureSimulatorImage, NODE } from '../../../simulator/image';
import { RUN_LABEL } from '../../../simulator/run-label';
import { ensureRunNetwork } from '../../../simulator/run-network';
import type { SimulatedVpn } from '../../../simulator/vpn-container';
import { logsOf, Simulation } from '../../simulator/simulation';
import { until } from '../../simulator/until';

const ID = 'c0ffee'.padEnd(64, '0');
const LAYER = 'beef'.padEnd(64, '1');
const OUTER = 'abc'.padEnd(64, '2');

const surroundings = (change: Partial<Surroundings>): Surroundings => ({
  ...{ hostname: 'portward', mounts: '', controlGroups: '0::/', podman: '' },
  ...change,
});

describe('which container this is', () => {
  const layers = `34 33 0:32 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/${LAYER}/diff`;
  test.each<[where: string, seen: Partial<Surroundings>, ids: string[]]>([
    [
      "the mount of Docker's hostname file",
      { mounts: `${layers}\n41 34 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw` },
      [ID],
    ],
    [
      "that of Docker's file of hosts, where another has the hostname",
      { mounts: `41 34 8:1 /data/docker/containers/${ID}/hosts /etc/hosts rw - ext4 /dev/sda1 rw` },
      [ID],
    ],
    [
      "the mount of Podman's hostname file",
      {
        mounts: `41 34 0:25 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw`,
      },
      [ID],
    ],
    ["Podman's own file", { podman: `engine="podman-4.9"\nname="portward"\nid="${ID}"\n` }, [ID]],
    ['a control group', { controlGroups: `12:memory:/docker/${ID}\n0::/docker/${ID}` }, [ID]],
    ['a control group of systemd', { controlGroups: `0::/system.slice/docker-${ID}.scope` }, [ID]],
    ['the innermost of nested control groups', { controlGroups: `1:cpu:/docker/${OUTER}/docker/${ID}` }, [ID]],
    [
      'no mount on the Docker host, although it shows those of its containers',
      { mounts: `91 34 0:50 / /var/lib/docker/containers/${ID}/mounts/shm rw - tmpfs shm rw\n${layers}` },
      [],
    ],
  ])('is found by %s', (_where, seen, ids) => {
    expect(ownContainerIds(surroundings(seen))).toEqual(ids);
  });
});

describe('from within real containers', () => {
  const simulation = new Simulation();
  const docker = new DockerHost(simulation.docker);
  afterAll(() => simulation.remove());

  const PRINT = `const { readFileSync } = require('node:fs');
    const read = (file) => readFileSync('/proc/self/' + file, 'utf8');
    console.log(JSON.stringify({ hostname: require('node:os').hostname(), mounts: read('mountinfo'),
      controlGroups: read('cgroup'), podman: '' }) + ' printed');
    setInterval(() => undefined, 1000);`;

  /** A container, and what a process in it sees. */
  async function inside(options: Docker.ContainerCreateOptions): Promise<{ id: string; seen: Surroundings }> {
    const container = await simulation.docker.createContainer({
      name: simulation.name('portward'),
      Image: await ensureSimulatorImage(simulation.docker),
      Entrypoint: [NODE, '-e', PRINT],
      Tty: true,
      Labels: { [RUN_LABEL]: simulation.runId },
      ...options,
    });
    await container.start();
    const printed = await until('what it sees', async () => /^(\{.*\}) printed/.exec(await logsOf(container))?.[1]);
    return { id: container.id, seen: JSON.parse(printed) as Surroundings };
  }

  test.concurrent('a container with a chosen hostname finds itself, without its hostname', async () => {
    const { id, seen } = await inside({ Hostname: 'portward' });
    expect(seen.hostname).toBe('portward');
    expect((await findOwnContainer(docker, seen))?.Id).toBe(id);
    // By its hostname only, without other traces.
    const short = { ...surroundings({}), hostname: id.slice(0, 12) };
    expect((await findOwnContainer(docker, short))?.Id).toBe(id);
    expect(await findOwnContainer(docker, surroundings({}))).toBeNull();
  });

  test.concurrent("a container in a VPN's network finds the VPN's container", async () => {
    const vpn = await inside({});
    const { id, seen } = await inside({ HostConfig: { NetworkMode: `container:${vpn.id}` } });
    expect((await findOwnContainer(docker, seen))?.Id).toBe(vpn.id);
    // The same by traces that name only itself.
    const controlGroups = `0::/system.slice/docker-${id}.scope`;
    expect((await findOwnContainer(docker, surroundings({ controlGroups })))?.Id).toBe(vpn.id);
  });

  test.concurrent("a container with the host's network finds itself", async () => {
    const { id, seen } = await inside({ HostConfig: { NetworkMode: 'host' } });
    expect((await findOwnContainer(docker, seen))?.Id).toBe(id);
  });

  describe('Portward in a container with a hostname and networks of its own', () => {
    const [shared, other] = [simulation.name('shared'), simulation.name('other')];
    let started: Promise<SimulatedVpn> | null = null;

    /** In Docker's default network, and in the one that some containers share with it. */
    function theVpn(): Promise<SimulatedVpn> {
      return (started ??= (async () => {
        await ensureRunNetwork(simulation.docker, simulation.runId, shared);
        await ensureRunNetwork(simulation.docker, simulation.runId, other);
        const vpn = await simulation.startVpn({ startDelayMs: 0 });
        await simulation.docker.getNetwork(shared).connect({ Container: vpn.containerId });
        return vpn;
      })());
    }

    const ASK = `const { DockerHost } = require('/portward/dist/src/clients/docker/docker-host.js');
      const { reachFinder } = require('/portward/dist/src/worker/docker-reach.js');
      const { ControlServerAddress } = require('/portward/dist/src/activities/port/control-server.js');
      const { GluetunClient } = require('/portward/dist/src/clients/gluetun/client.js');
      const docker = new DockerHost(new (require('/portward/node_modules/dockerode'))());
      const client = new GluetunClient({ auth: { kind: 'none' }, timeoutMs: Number(process.env.PATIENCE_MS) });
      const { signal } = new AbortController();
      (async () => {
        const [reach, container] = [await reachFinder({ reach: 'auto' }, docker)(), await docker.inspectByName(process.env.VPN)];
        return new ControlServerAddress(process.env.VPN, container, reach, { controlPort: () => null }).ask(signal, (base) => client.forwardedPort(base, signal));
      })().then((port) => 'port ' + port, (error) => error.message).then((said) => console.log('said ' + said + '.'));
      setInterval(() => undefined, 1000);`;

    /** The result of asking that VPN's control server from within such a container. */
    async function asked(networks: readonly string[], { user = 'root', patienceMs = 10_000 } = {}): Promise<string> {
      const vpn = await theVpn();
      const root = join(__dirname, '..', '..', '..');
      const socket = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
      const container = await simulation.docker.createContainer({
        name: simulation.name('portward'),
        Image: await ensureSimulatorImage(simulation.docker),
        Entrypoint: [NODE, '-e', ASK],
        User: user,
        // A container that lends its network also lends its hostname.
        ...(networks[0]?.startsWith('container:') ? {} : { Hostname: 'portward' }),
        Env: [`VPN=${vpn.name}`, `PATIENCE_MS=${patienceMs}`],
        Labels: { [RUN_LABEL]: simulation.runId },
        HostConfig: {
          NetworkMode: networks[0] ?? 'bridge',
          Binds: [`${root}:/portward:ro`, `${socket}:/var/run/docker.sock`],
        },
      });
      for (const network of networks.slice(1))
        await simulation.docker.getNetwork(network).connect({ Container: container.id });
      await container.start();
      return until('what it says', async () => /said (.*)\./s.exec(await logsOf(container))?.[1]);
    }

    test.concurrent('reaches the VPN over the one network of several that both are in', async () => {
      expect(await asked([other, shared])).toBe('port 5001');
    });

    test.concurrent('that may not use the socket logs once which variable to set', async () => {
      const said = await asked([other], { user: '65534' });
      expect(said).toMatch(/^Docker is not reachable: .*EACCES .*; set DOCKER_GID to what `stat -c %g/);
      expect(said.match(/DOCKER_GID/g)).toHaveLength(1);
    });

    test.concurrent("reaches the VPN from within the VPN's own network", async () => {
      expect(await asked([`container:${(await theVpn()).containerId}`])).toBe('port 5001');
    });

    test.concurrent('that shares no network with the VPN logs the address, both networks and what to set', async () => {
      const vpn = await theVpn();
      const said = await asked([other], { patienceMs: 1_500 });
      expect(said).toMatch(/172\.\d+\.\d+\.\d+:8000 (gave no answer|can't be reached)/);
      expect(said).toContain(
        `container '${vpn.name}' is in network bridge and ${shared} and Portward in network ${other}: ` +
          'put both in one network, or set CONTAINER_REACH',
      );
    });
  });
});
