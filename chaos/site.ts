// What a schedule is played on: simulated VPNs, bystanders, and Portward as three processes.
import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import { engineImage } from '../simulator/engine-image';
import { ensureSimulatorImage, NODE } from '../simulator/image';
import { preparePortwardParts, type PortwardOptions, type PortwardProcess } from '../simulator/portward-process';
import { startPrivateDocker, type PrivateDocker } from '../simulator/private-docker';
import { RUN_LABEL, VPN_LABEL } from '../simulator/run-label';
import { Teardown } from '../simulator/teardown';
import { removeSimulation, startSimulatedVpn, type SimulatedVpn } from '../simulator/vpn-container';
import type { Limits } from './checker/limits';
import { VPN_NAMES, type VpnName } from './faults';
import { PORTS } from './schedule';

export interface SiteOptions {
  /** With a Docker Engine of its own, which the harness may stop. */
  readonly privateDocker: boolean;
  readonly onLine: NonNullable<PortwardOptions['onLine']>;
}

export const ENGINES_A_VPN = 2;

/** Shorter than the defaults, so that everything happens within a schedule. */
const TIMES_S = {
  GLUETUN_HEALTH_CHECK_INTERVAL_S: 1,
  GLUETUN_TIMEOUT_S: 1,
  GLUETUN_PORT_CACHE_TTL_S: 5,
  HEALTH_CHECK_INTERVAL_S: 1,
  STARTUP_TIMEOUT_S: 15,
  STOP_TIMEOUT_S: 2,
  EVICTION_GRACE_S: 3,
  PORT_CHANGE_SPACING_MAX_S: 4,
  PORT_LOST_TIMEOUT_S: 3,
  VPN_UNHEALTHY_RESTART_TIMEOUT_S: 5,
  CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: 5,
  ENGINE_GRACE_PERIOD_S: 2,
  // If the end of a stream could not be reported, Portward finds it by asking the engine.
  COLLECT_INTERVAL_S: 1,
  CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S: 5,
};
const ENGINE_STARTUP_MS = 300;
/** Without a limit, a request to a removed container would wait for minutes. */
const ADMIN_LIMIT_MS = 3_000;

export const LIMITS: Limits = {
  checkIntervalMs: TIMES_S.GLUETUN_HEALTH_CHECK_INTERVAL_S * 1000,
  evictionGraceMs: TIMES_S.EVICTION_GRACE_S * 1000,
  portCacheTtlMs: TIMES_S.GLUETUN_PORT_CACHE_TTL_S * 1000,
  staleLimitMs: 30_000,
  // The start of a container on a busy machine, and of the engine in it.
  startupMs: 5_000 + ENGINE_STARTUP_MS,
  unhealthyRestartMs: TIMES_S.VPN_UNHEALTHY_RESTART_TIMEOUT_S * 1000,
  portLostMs: TIMES_S.PORT_LOST_TIMEOUT_S * 1000,
};

const HTTP_PORTS: Readonly<Record<VpnName, { from: number; to: number }>> = {
  a: { from: 19_000, to: 19_049 },
  b: { from: 19_100, to: 19_149 },
  calm: { from: 19_200, to: 19_249 },
};

export class Site {
  readonly runId = `chaos-${randomBytes(3).toString('hex')}`;
  /** Containers that are none of Portward's business, by id. */
  readonly bystanders = new Set<string>();
  private readonly vpnsMade = new Map<VpnName, SimulatedVpn>();
  private readonly teardown = new Teardown();
  private parts: { readonly worker: PortwardProcess; readonly api: PortwardProcess } | null = null;

  private constructor(
    readonly docker: Docker,
    readonly privateDocker: PrivateDocker | null,
  ) {}

  /** Resolves when Portward's processes run; they need not have a list yet. */
  static async open(options: SiteOptions): Promise<Site> {
    const privateDocker = options.privateDocker ? await startPrivateDocker() : null;
    const site = new Site(privateDocker?.docker ?? new Docker(), privateDocker);
    if (privateDocker) site.teardown.add('remove the private Docker', () => privateDocker.dispose());
    try {
      await site.start(options);
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  get worker(): PortwardProcess {
    if (!this.parts) throw new Error('the site is not open');
    return this.parts.worker;
  }

  get api(): PortwardProcess {
    if (!this.parts) throw new Error('the site is not open');
    return this.parts.api;
  }

  get containerLabel(): string {
    return `portward.chaos=${this.runId}`;
  }

  vpn(name: VpnName): SimulatedVpn {
    const vpn = this.vpnsMade.get(name);
    if (!vpn) throw new Error(`there is no VPN ${name}`);
    return vpn;
  }

  /** Finds a VPN by the name of its container. */
  vpnOf = (container: string): VpnName | undefined => VPN_NAMES.find((name) => container === this.containerName(name));

  containerName(vpn: VpnName): string {
    return `${this.runId}-${vpn}`;
  }

  /** Resolves with what could not be undone. */
  close(): Promise<string[]> {
    return this.teardown.run();
  }

  private async start({ onLine }: SiteOptions): Promise<void> {
    this.teardown.add('remove the containers', () => removeSimulation(this.docker, this.runId));
    const image = await engineImage(this.docker, { STARTUP_MS: String(ENGINE_STARTUP_MS) }, this.runId);
    await Promise.all(VPN_NAMES.map((name) => this.startVpn(name)));
    await Promise.all(VPN_NAMES.map((name) => this.vpn(name).untilHealth('healthy')));
    await this.addBystanders();
    const { worker, api } = await preparePortwardParts({
      env: { ...this.settings(), ENGINE_IMAGE: image },
      onLine,
    });
    this.parts = { worker, api };
    this.teardown.add("remove Portward's folder", () => worker.dispose());
    this.teardown.add('stop the API', () => api.stop());
    await worker.start();
    await api.start();
  }

  private async startVpn(name: VpnName): Promise<void> {
    const [port = 0] = PORTS[name];
    const vpn = await startSimulatedVpn(this.docker, {
      runId: this.runId,
      name: this.containerName(name),
      port,
      startDelayMs: 100,
      healthIntervalMs: 1_000,
      adminLimitMs: ADMIN_LIMIT_MS,
      restartPolicy: 'unless-stopped',
      enginePorts: HTTP_PORTS[name],
      ...(this.privateDocker ? { network: this.privateDocker.network } : {}),
    });
    this.vpnsMade.set(name, vpn);
  }

  /** Adds containers in the VPNs' own networks, and with labels that differ only a little from Portward's. */
  private async addBystanders(): Promise<void> {
    const [label = '', value = ''] = this.containerLabel.split('=');
    for (const name of VPN_NAMES) {
      await this.addBystander(`in-${name}`, `container:${this.vpn(name).containerId}`, {
        [label]: `${value}-other`,
        [VPN_LABEL]: this.containerName(name),
        'acestream.http_port': '19990',
      });
    }
    await this.addBystander('other-instance', 'none', {
      [label]: value,
      'portward.instance': `${this.runId}-other`,
      'acestream.http_port': '19991',
    });
  }

  private async addBystander(what: string, network: string, labels: Record<string, string>): Promise<void> {
    const container = await this.docker.createContainer({
      name: `${this.runId}-bystander-${what}`,
      Image: await ensureSimulatorImage(this.docker),
      Entrypoint: [NODE, '-e', "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 60_000)"],
      Labels: { ...labels, [RUN_LABEL]: this.runId },
      HostConfig: { NetworkMode: network, RestartPolicy: { Name: 'unless-stopped' } },
    });
    await container.start();
    this.bystanders.add(container.id);
  }

  private settings(): Record<string, string> {
    const ranges = VPN_NAMES.map((name, index) => [
      `GLUETUN_PORT_RANGE_${index + 1}`,
      `${HTTP_PORTS[name].from}-${HTTP_PORTS[name].to}`,
    ]);
    const times = Object.entries(TIMES_S).map(([name, seconds]) => [name, String(seconds)]);
    return {
      ...(this.privateDocker ? { DOCKER_HOST: this.privateDocker.dockerHost } : {}),
      GLUETUN_CONTAINER_NAMES: VPN_NAMES.map((name) => this.containerName(name)).join(','),
      ...Object.fromEntries([...ranges, ...times]),
      PORTWARD_INSTANCE: this.runId,
      CONTAINER_LABEL: this.containerLabel,
      PULL_POLICY: 'never',
      MIN_REPLICAS: String(ENGINES_A_VPN * VPN_NAMES.length),
      MAX_REPLICAS: '20',
    };
  }
}
