// Simulated VPNs and a Portward that looks after them, for one part of the benchmark.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { engineImage } from '../simulator/engine-image';
import { EnginesWatch } from '../simulator/engines-watch';
import { httpGet } from '../simulator/http-get';
import { preparePortward, type PortwardProcess } from '../simulator/portward-process';
import { Teardown } from '../simulator/teardown';
import { removeSimulation, startSimulatedVpn, type SimulatedVpn } from '../simulator/vpn-container';
import { progress } from './progress';

export interface SiteOptions {
  readonly vpns: number;
  /** Engines over all VPNs. */
  readonly engines: number;
  readonly engineStartupMs: number;
  /** Whether the VPNs tell Portward of a changed port. */
  readonly hints: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const FIRST_PORT = 50_000;
/** Engines a VPN at most, and HTTP ports for them and their replacements. */
const HTTP_PORTS_A_VPN = 50;
const FIRST_HTTP_PORT = 19_000;
/** Seldom, because each check takes 60 ms of a core, and Docker makes the first one after that long. */
const HEALTH_INTERVAL_MS = 10_000;
const PROVISIONED_LIMIT_MS = 300_000;

/** Sites that are open, so that an interrupted benchmark can clear them away. */
const open = new Set<Site>();

export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((site) => site.close()));
}

export class Site {
  readonly vpns: SimulatedVpn[] = [];
  private readonly teardown = new Teardown();
  private portwardMade: PortwardProcess | null = null;

  private constructor(
    readonly docker: Docker,
    readonly runId: string,
  ) {}

  /** Resolves when all engines are listed. */
  static async open(docker: Docker, options: SiteOptions): Promise<Site> {
    const site = new Site(docker, `bench-${randomBytes(3).toString('hex')}`);
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

  async close(): Promise<void> {
    const problems = await this.teardown.run();
    for (const problem of problems) progress(problem);
    open.delete(this);
  }

  private async start({ vpns, engines, hints, engineStartupMs, env = {} }: SiteOptions): Promise<void> {
    this.teardown.add('remove containers and images', () => removeSimulation(this.docker, this.runId));
    const image = await engineImage(this.docker, { STARTUP_MS: String(engineStartupMs) }, this.runId);
    const names = Array.from({ length: vpns }, (_, index) => `${this.runId}-vpn${index + 1}`);
    const ranges = names.map((_, index) => [
      `GLUETUN_PORT_RANGE_${index + 1}`,
      `${httpPorts(index).from}-${httpPorts(index).to}`,
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
        // What is measured with streams is not to start engines.
        MIN_FREE_REPLICAS: '0',
        // A hundred engines that start at once on two cores take their time.
        STARTUP_TIMEOUT_S: '120',
        // Load comes from this machine only; hints come from containers, and need no key.
        APP_HOST: hints ? '0.0.0.0' : '127.0.0.1',
        ...env,
      },
    });
    this.portwardMade = portward;
    this.teardown.add("remove Portward's folder", () => portward.dispose());
    progress(`starting ${vpns} simulated VPNs`);
    const { port } = new URL(portward.url);
    for (const [index, name] of names.entries()) {
      const vpn = await startSimulatedVpn(this.docker, {
        runId: this.runId,
        name,
        port: FIRST_PORT + index,
        enginePorts: httpPorts(index),
        healthIntervalMs: HEALTH_INTERVAL_MS,
        ...(hints ? { upHookUrl: `http://host.docker.internal:${port}/vpns/${name}/recheck` } : {}),
      });
      this.vpns.push(vpn);
    }
    await Promise.all(this.vpns.map((vpn) => vpn.untilHealth('healthy')));
    this.teardown.add('stop Portward', () => portward.stop());
    progress(`starting Portward; it provisions ${Math.max(engines, vpns)} engines`);
    await portward.start();
    await this.untilProvisioned(Math.max(engines, vpns));
  }

  private async untilProvisioned(engines: number): Promise<void> {
    const watch = new EnginesWatch(this.portward.url);
    const tell = setInterval(() => progress(`${watch.engines?.length ?? 0} of ${engines} engines are listed`), 10_000);
    try {
      await watch.until(
        `${engines} engines, one forwarded on each VPN`,
        (list) => list.length === engines && list.filter((e) => e.forwarded === true).length === this.vpns.length,
        { limitMs: PROVISIONED_LIMIT_MS },
      );
    } finally {
      clearInterval(tell);
      await watch.stop();
    }
    await this.untilQuiet();
  }

  /** Until no replacement runs. */
  async untilQuiet(): Promise<void> {
    for (;;) {
      const { body } = await httpGet(`${this.portward.url}/vpn/status`, { limitMs: 5_000 });
      const { vpns }: { vpns: { replacements_running: number }[] } = JSON.parse(body);
      if (vpns.every((vpn) => vpn.replacements_running === 0)) return;
      await sleep(100);
    }
  }
}

function httpPorts(index: number): { from: number; to: number } {
  const from = FIRST_HTTP_PORT + index * HTTP_PORTS_A_VPN;
  return { from, to: from + HTTP_PORTS_A_VPN - 1 };
}
