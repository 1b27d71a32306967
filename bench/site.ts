// Simulated VPNs and a Portward process for them, for one part of the benchmark.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { startSimulatedDocker, type SimulatedDocker } from '../simulator/docker/simulated-docker';
import { engineImage } from '../simulator/engine-image';
import { httpGet } from '../simulator/http-get';
import { decodeEngines } from '../simulator/proxy-engine';
import { preparePortward, type PortwardProcess } from '../simulator/portward-process';
import { Teardown } from '../simulator/teardown';
import { removeSimulation, startSimulatedVpn, type SimulatedVpn } from '../simulator/vpn-container';
import { progress } from './progress';

export interface SiteOptions {
  readonly vpns: number;
  /** Engines over all VPNs. */
  readonly engines: number;
  readonly engineStartupMs: number;
  /** Whether the VPNs' up-commands send Portward a recheck when the port changes. */
  readonly hints: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const FIRST_PORT = 50_000;
/** Shared out among the VPNs, for their engines and replacements. */
const HTTP_PORTS = { first: 19_000, last: 31_999 };
const HTTP_PORTS_AT_MOST = 50;
/** A health check in real Docker takes 60 ms of CPU time. The first check comes after one interval. */
const HEALTH_INTERVAL_MS = { real: 10_000, simulated: 1_000 };
const PROVISIONED_LIMIT_MS = 600_000;
/** The interval of polling during the start, for each VPN: polling takes CPU time from the start itself. */
const LOOK_EVERY_MS = 20;
const LOOK_LIMIT_MS = 5_000;
const TELL_EVERY_MS = 10_000;

/** Open sites, which an interrupted benchmark has to remove. */
const open = new Set<Site>();

export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((site) => site.close()));
}

export class Site {
  readonly vpns: SimulatedVpn[] = [];
  private readonly teardown = new Teardown();
  private portwardMade: PortwardProcess | null = null;
  readonly runId = `bench-${randomBytes(3).toString('hex')}`;

  private constructor(
    readonly docker: Docker,
    /** Null: Docker is real. */
    private readonly simulated: SimulatedDocker | null,
  ) {
    if (simulated) this.teardown.add('close the simulated Docker', () => simulated.close());
  }

  /** Opens a site in real Docker. Resolves when all engines are listed. */
  static open(docker: Docker, options: SiteOptions): Promise<Site> {
    return Site.started(new Site(docker, null), options);
  }

  /** Opens a site in a simulated Docker in memory, if Docker's own time does not matter. Resolves when all engines are listed. */
  static async openSimulated(options: SiteOptions): Promise<Site> {
    const simulated = await startSimulatedDocker();
    return Site.started(new Site(simulated.docker, simulated), options);
  }

  private static async started(site: Site, options: SiteOptions): Promise<Site> {
    open.add(site);
    try {
      await site.start(options);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  get portward(): PortwardProcess {
    if (!this.portwardMade) throw new Error('the site is not open');
    return this.portwardMade;
  }

  /** The calls that the simulated Docker has received. */
  get dockerCalls(): SimulatedDocker['calls'] {
    if (!this.simulated) throw new Error('calls of a real Docker are not counted');
    return this.simulated.calls;
  }

  get dockerTimes(): SimulatedDocker['times'] {
    if (!this.simulated) throw new Error('how long a real Docker takes is not known');
    return this.simulated.times;
  }

  /** The VPN's forwarded port at the beginning. */
  portOf(index: number): number {
    return FIRST_PORT + index;
  }

  async close(): Promise<void> {
    const problems = await this.teardown.run();
    for (const problem of problems) progress(problem);
    open.delete(this);
  }

  private async start({ vpns, engines, hints, engineStartupMs, env = {} }: SiteOptions): Promise<void> {
    this.teardown.add('remove containers and images', () => removeSimulation(this.docker, this.runId));
    const image = await engineImage(this.docker, { STARTUP_MS: String(engineStartupMs) }, this.runId);
    const names = Array.from({ length: vpns }, (_, index) => `${this.runId}-vpn${index + 1}`);
    const enginePorts = (index: number): { from: number; to: number } => httpPorts(index, vpns);
    const ranges = names.map((_, index) => [
      `GLUETUN_PORT_RANGE_${index + 1}`,
      `${enginePorts(index).from}-${enginePorts(index).to}`,
    ]);
    const portward = await preparePortward({
      env: {
        GLUETUN_CONTAINER_NAMES: names.join(','),
        ...Object.fromEntries(ranges),
        ENGINE_IMAGE: image,
        PULL_POLICY: 'never',
        PORTWARD_INSTANCE: this.runId,
        CONTAINER_LABEL: `portward.bench=${this.runId}`,
        MIN_REPLICAS: String(engines),
        MAX_REPLICAS: String(Math.max(20, engines)),
        MAX_ACTIVE_REPLICAS: String(Math.max(20, engines)),
        // Streams must not cause further engines.
        MIN_FREE_REPLICAS: '0',
        // A hundred engines that start at once on two cores take long.
        STARTUP_TIMEOUT_S: '120',
        // Load comes from this machine. Only hints from real containers need another address than loopback.
        APP_HOST: hints && !this.simulated ? '0.0.0.0' : '127.0.0.1',
        ...(this.simulated ? { DOCKER_HOST: this.simulated.dockerHost } : {}),
        ...env,
      },
    });
    this.portwardMade = portward;
    this.teardown.add("remove Portward's folder", () => portward.dispose());
    progress(`starting ${vpns} simulated VPNs`);
    const { port } = new URL(portward.url);
    const startVpn = (name: string, index: number): Promise<SimulatedVpn> =>
      startSimulatedVpn(this.docker, {
        runId: this.runId,
        name,
        port: this.portOf(index),
        enginePorts: enginePorts(index),
        healthIntervalMs: this.simulated ? HEALTH_INTERVAL_MS.simulated : HEALTH_INTERVAL_MS.real,
        ...(hints ? { upHookUrl: `http://host.docker.internal:${port}/vpns/${name}/recheck` } : {}),
      });
    if (this.simulated) this.vpns.push(...(await Promise.all(names.map(startVpn))));
    else for (const [index, name] of names.entries()) this.vpns.push(await startVpn(name, index));
    await Promise.all(this.vpns.map((vpn) => vpn.untilHealth('healthy')));
    this.teardown.add('stop Portward', () => portward.stop());
    progress(`starting Portward; it provisions ${Math.max(engines, vpns)} engines`);
    await portward.start();
    await this.untilProvisioned(Math.max(engines, vpns));
  }

  private async untilProvisioned(engines: number): Promise<void> {
    const deadline = Date.now() + PROVISIONED_LIMIT_MS;
    const url = `${this.portward.url}/engines`;
    for (let tellAt = Date.now() + TELL_EVERY_MS; ;) {
      await sleep(Math.max(100, LOOK_EVERY_MS * this.vpns.length));
      const answer = await httpGet(url, { limitMs: LOOK_LIMIT_MS }).catch(() => null);
      const list = answer?.status === 200 ? decodeEngines(answer.body) : [];
      if (list.length === engines && list.filter((e) => e.forwarded === true).length === this.vpns.length) break;
      const found = `${list.length} of ${engines} engines are listed`;
      if (Date.now() > deadline)
        throw new Error(`expected within ${PROVISIONED_LIMIT_MS / 1000} s: all engines; ${found}`);
      if (Date.now() < tellAt) continue;
      tellAt += TELL_EVERY_MS;
      progress(found);
    }
    await this.untilQuiet();
  }

  /** Resolves when no replacement runs. */
  async untilQuiet(): Promise<void> {
    for (;;) {
      const answer = await httpGet(`${this.portward.url}/vpn/status`, { limitMs: LOOK_LIMIT_MS }).catch(() => null);
      const status: { vpns: { replacements_running: number }[] } | null =
        answer?.status === 200 ? JSON.parse(answer.body) : null;
      if (status?.vpns.every((vpn) => vpn.replacements_running === 0)) return;
      await sleep(100);
    }
  }
}

function httpPorts(index: number, vpns: number): { from: number; to: number } {
  const { first, last } = HTTP_PORTS;
  const count = Math.min(HTTP_PORTS_AT_MOST, Math.floor((last - first + 1) / vpns));
  const from = first + index * count;
  return { from, to: from + count - 1 };
}
