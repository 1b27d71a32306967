import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type Docker from 'dockerode';
import { startSimulatedDocker, type SimulatedDocker } from '../../simulator/docker/simulated-docker';
import { engineImage } from '../../simulator/engine-image';
import { EnginesWatch } from '../../simulator/engines-watch';
import { ensureSimulatorImage } from '../../simulator/image';
import { startPortward, type PortwardProcess } from '../../simulator/portward-process';
import { ProxyClient } from '../../simulator/proxy-client';
import type { SimulatedVpn, SimulatedVpnOptions } from '../../simulator/vpn-container';
import type { EngineJson, ReplacementJson, VpnJson, VpnStatusJson } from '../../src/api/schemas/engines';
import { cacheDir } from '../../src/config/folders';
import { findTemporalCli } from '../../src/embedded-temporal/cli/cli';
import { Simulation } from '../simulator/simulation';
import { until } from '../simulator/until';
import { DockerGate } from './docker-gate';

/** A global of test/environment.mjs. */
declare const testFailedAt: number | undefined;

const LINES_AFTER_FAILURE = 60;

/** For tests without a proxy: nobody keeps a list, so the eviction grace may be short. */
export const NO_PROXY = { PROXY_CACHE_S: '0', EVICTION_GRACE_S: '0.7' } as const;

/** A Docker to use instead of the machine's own. */
export interface OtherDocker {
  readonly docker: Docker;
  readonly dockerHost: string;
  /** The network of its VPNs; default: its default network. */
  readonly network?: string;
}

export interface StageOptions {
  /**
   * `simulated`: a Docker in memory, for promises that are not about Docker itself. On other systems than Linux a real Docker is used all
   * the same.
   */
  readonly docker?: 'simulated';
  /** Portward reaches Docker through `stage.gate`. */
  readonly gated?: boolean;
  readonly vpns?: readonly Partial<SimulatedVpnOptions>[];
  readonly env?: Readonly<Record<string, string>>;
  /** Worker and API as two processes; default: one process. */
  readonly apart?: boolean;
  /** The parent of Portward's folder, for example on another file system. */
  readonly folderIn?: string;
  /** Settings of all simulated engines: STARTUP_MS, STOP_BEHAVIOUR and so on. */
  readonly engineEnv?: Readonly<Record<string, string>>;
  /** Runs before Portward starts, for example to make engines that Portward should find. */
  readonly before?: (stage: Stage) => Promise<unknown>;
}

/** An engine's container in Docker. */
export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

function isFresh(response: Response): boolean {
  return !response.headers.has('x-portward-stale');
}

/**
 * Options of VPNs in memory: frequent health checks, which cost nothing there, and another control port, because port 8000 is taken in
 * every simulated network if a program of this machine, such as a Portward, has it at all addresses.
 */
const IN_MEMORY = { healthIntervalMs: 100, controlPort: 18_000 } as const;

/** Simulated VPNs and a Portward process for them; `clear` removes everything. */
export class Stage {
  readonly simulation: Simulation;
  readonly vpns: SimulatedVpn[] = [];
  private readonly since = Date.now();
  private readonly cleanups: (() => Promise<unknown>)[] = [];
  private running: PortwardProcess | null = null;
  private apiProcess: PortwardProcess | null = null;
  private opened: DockerGate | null = null;

  /** @param otherDocker instead of the machine's own @param simulated the same Docker, if `clear` has to close it */
  constructor(
    private readonly otherDocker?: OtherDocker,
    private readonly simulated: SimulatedDocker | null = null,
  ) {
    this.simulation = new Simulation(otherDocker?.docker, otherDocker?.network);
  }

  /** An empty stage with a Docker in memory. */
  static async inMemory(): Promise<Stage> {
    if (process.platform !== 'linux') return new Stage();
    const simulated = await startSimulatedDocker();
    return new Stage(simulated, simulated);
  }

  /** A stage for another Portward on the same Docker. */
  another(): Stage {
    return new Stage(this.otherDocker);
  }

  /** The process with the API, which may be a separate one. */
  get api(): PortwardProcess {
    return this.apiProcess ?? this.portward;
  }

  get portward(): PortwardProcess {
    if (!this.running) throw new Error('Portward was not started on this stage');
    return this.running;
  }

  /** The gate between Portward and Docker. */
  get gate(): DockerGate {
    if (!this.opened) throw new Error('this stage has no gate before Docker');
    return this.opened;
  }

  /** The address of the Docker; undefined: the machine's own. */
  get dockerAddress(): { readonly host: string; readonly port: string } | undefined {
    if (!this.otherDocker) return undefined;
    const { hostname: host, port } = new URL(this.otherDocker.dockerHost);
    return { host, port };
  }

  /** Opens the gate for a Portward that is started afterwards. */
  async openGate(): Promise<void> {
    this.opened = await DockerGate.open(this.otherDocker?.dockerHost);
  }

  vpn(index = 0): SimulatedVpn {
    const vpn = this.vpns[index];
    if (!vpn) throw new Error(`no VPN ${index} on this stage`);
    return vpn;
  }

  /** CONTAINER_LABEL of this stage alone, so that Portward does not take another run's containers for its own. */
  get containerLabel(): string {
    return `ondemand.app=${this.simulation.runId}`;
  }

  async addVpn(options: Partial<SimulatedVpnOptions> = {}): Promise<SimulatedVpn> {
    await this.addVpns([options]);
    return this.vpn(this.vpns.length - 1);
  }

  /** Adds VPNs in this order. The first one starts alone, because it makes the image that all need; the others start together. */
  async addVpns([first = {}, ...others]: readonly Partial<SimulatedVpnOptions>[]): Promise<void> {
    this.vpns.push(await this.startVpn(first));
    const starts = others.map((options) => this.startVpn(options));
    await Promise.allSettled(starts);
    this.vpns.push(...(await Promise.all(starts)));
  }

  private startVpn(options: Partial<SimulatedVpnOptions>): Promise<SimulatedVpn> {
    const inMemory = this.simulated ? IN_MEMORY : {};
    return this.simulation.startVpn({ port: 65_290, startDelayMs: 0, ...inMemory, ...options });
  }

  /** Starts the VPNs, waits until all are healthy, then starts Portward. */
  static async start(options: StageOptions = {}): Promise<Stage> {
    const stage = options.docker === 'simulated' ? await Stage.inMemory() : new Stage();
    try {
      if (options.gated) await stage.openGate();
      await stage.addVpns(options.vpns ?? [{}]);
      await Promise.all(stage.vpns.map((vpn) => vpn.untilHealth('healthy')));
      await options.before?.(stage);
      await stage.startPortward(options.env, options.engineEnv, options.apart, options.folderIn);
    } catch (error) {
      await stage.clear();
      throw error;
    }
    return stage;
  }

  async startPortward(
    env: Readonly<Record<string, string>> = {},
    engineEnv: Readonly<Record<string, string>> = {},
    apart = false,
    folderIn?: string,
  ): Promise<PortwardProcess> {
    const image = await engineImage(this.simulation.docker, engineEnv, this.simulation.runId);
    const dockerHost = this.opened?.address ?? this.otherDocker?.dockerHost;
    const options = {
      folderIn,
      env: {
        PORTWARD_INSTANCE: this.simulation.runId,
        CONTAINER_LABEL: this.containerLabel,
        ENGINE_IMAGE: image,
        PULL_POLICY: 'never',
        GLUETUN_CONTAINER_NAMES: this.vpns.map((vpn) => vpn.name).join(','),
        GLUETUN_HEALTH_CHECK_INTERVAL_S: '1',
        MIN_REPLICAS: '1',
        ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }),
        ...env,
      },
    };
    this.running = await startPortward(options, apart ? 'worker' : 'start');
    if (apart) {
      const api = this.running.beside('api');
      this.onClear(() => api.kill('SIGKILL'));
      await api.start();
      this.apiProcess = api;
    }
    return this.running;
  }

  /** The process id of the embedded server. @throws if it does not run */
  temporalPid(): number {
    const pid = this.portward.temporalPid;
    if (pid === null) throw new Error('no Temporal server');
    return pid;
  }

  /** Resolves when the control server has answered a read of the port that began after now. */
  async portReadAgain(vpn = this.vpn()): Promise<void> {
    const from = Date.now();
    await until('another read of the port', async () =>
      (await vpn.requests()).some((r) => r.path === '/v1/portforward' && r.at > from && r.status === 200),
    );
  }

  /** Restarts Portward with changed settings on the same database, as after an edit of `.env`. */
  async startPortwardAgain(env: Readonly<Record<string, string>>): Promise<void> {
    const former = this.portward;
    await former.stop();
    former.reconfigure(env);
    await former.start();
  }

  onClear(cleanup: () => Promise<unknown>): void {
    this.cleanups.push(cleanup);
  }

  async clear(): Promise<void> {
    if (typeof testFailedAt !== 'undefined' && testFailedAt >= this.since) await this.printState(testFailedAt);
    const results = [
      ...(await Promise.allSettled(this.cleanups.map((cleanup) => cleanup()))),
      // With a real Docker Portward has to stop in order: otherwise Docker could still carry out its last calls.
      ...(await Promise.allSettled([this.simulated ? this.running?.discard() : this.running?.dispose()])),
      ...(await Promise.allSettled([this.opened?.shut()])),
      ...(await Promise.allSettled([this.simulated ? this.simulated.close() : this.simulation.remove()])),
    ];
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Prints Portward's last log lines before the failure and its present answers: the failure may not happen again on another machine. */
  private async printState(failedAt: number): Promise<void> {
    if (!this.running) return;
    const { url, logLines } = this.running;
    const shown = await Promise.all(
      ['/engines', '/vpn/status'].map(async (path) => {
        const answer = await fetch(`${url}${path}`).then((r) => r.text(), String);
        return `GET ${path}: ${answer}`;
      }),
    );
    const lines = logLines
      .filter(({ at }) => at <= failedAt)
      .slice(-LINES_AFTER_FAILURE)
      .map(({ at, level, text }) => `${new Date(at).toISOString()} ${level} ${text}`);
    process.stderr.write([`Portward of the failed test, ${this.simulation.runId}:`, ...lines, ...shown, ''].join('\n'));
  }

  /** Resolves with the first answer that is not marked stale; on a busy machine any answer may be. @throws on another status than 200 */
  get<T>(path: string): Promise<T> {
    return until(
      `an answer to ${path} that is not stale`,
      async () => {
        const response = await fetch(`${this.portward.url}${path}`);
        if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
        return isFresh(response) ? ((await response.json()) as T) : null;
      },
      60_000,
    );
  }

  /** The list; null if there is none or it is stale. */
  private async list(): Promise<EngineJson[] | null> {
    const response = await fetch(`${this.portward.url}/engines`);
    return response.ok && isFresh(response) ? ((await response.json()) as EngineJson[]) : null;
  }

  engines(): Promise<EngineJson[]> {
    return this.get('/engines');
  }

  /** Resolves with the list once it has that many engines; just after a start there is no list. */
  listed(count: number): Promise<EngineJson[]> {
    return until(
      `${count} engines in /engines`,
      async () => {
        const engines = await this.list();
        return engines?.length === count && engines;
      },
      60_000,
    );
  }

  /** `/vpn/status` without stale parts: each VPN in it has a mark of its own. */
  status(): Promise<VpnStatusJson> {
    return until(
      'a status that is not stale',
      async () => {
        const status = await this.get<VpnStatusJson>('/vpn/status');
        return status.vpns.every((vpn) => vpn.stale_seconds === null) && status;
      },
      60_000,
    );
  }

  /** One VPN's part of `/vpn/status`, which is not stale. */
  statusOf(vpn = this.vpn()): Promise<VpnJson> {
    return until(
      `a status of ${vpn.name} that is not stale`,
      async () => {
        const { vpns } = await this.get<VpnStatusJson>('/vpn/status');
        const found = vpns.find((v) => v.container_name === vpn.name);
        if (!found) throw new Error(`/vpn/status does not have ${vpn.name}`);
        return found.stale_seconds === null && found;
      },
      60_000,
    );
  }

  /** The VPN's replacements, as its workflow has them now; a stale answer does not count. */
  replacements(vpn = this.vpn()): Promise<ReplacementJson[]> {
    return until(
      `the replacements of ${vpn.name}`,
      async () => {
        const response = await fetch(`${this.portward.url}/vpns/${vpn.name}/replacements`);
        const answer = await response.text();
        if (response.status === 503 || response.headers.has('x-portward-stale')) return null;
        if (!response.ok) throw new Error(`GET /vpns/${vpn.name}/replacements: ${response.status} ${answer}`);
        return JSON.parse(answer) as ReplacementJson[];
      },
      60_000,
    );
  }

  /** The engine that is listed as forwarded on that port of that VPN, once there is one. */
  forwarded(port: number, vpn = this.vpn(), limitMs = 60_000): Promise<EngineJson> {
    return until(
      `a forwarded engine on port ${port} of ${vpn.name} in /engines`,
      async () => {
        const engines = await this.list();
        return engines?.find((e) => e.forwarded && e.p2p_port === port && e.vpn_container === vpn.name);
      },
      limitMs,
    );
  }

  /** Resolves when no replacement of the VPN runs. */
  async quiet(vpn = this.vpn()): Promise<void> {
    await until(
      `no replacement at work on ${vpn.name}`,
      async () => (await this.replacements(vpn)).every((r) => r.state !== 'running'),
      60_000,
    );
  }

  /** Every engine container of this stage in Docker, on that VPN. */
  async containers(vpn = this.vpn()): Promise<EngineContainer[]> {
    const found = await this.simulation.docker.listContainers({
      all: true,
      filters: { label: [`acestream.vpn_container=${vpn.name}`] },
    });
    return found.map((c) => ({
      id: c.Id,
      name: (c.Names[0] ?? '').slice(1),
      running: c.State === 'running',
      labels: c.Labels,
    }));
  }

  /**
   * Makes an engine like the old system's, with its labels and none of Portward's. @param options `p2pPortIn`: the only place that has the
   * forwarded port
   */
  async addOldEngine(
    options: { httpPort: number; p2pPort?: number; p2pPortIn?: 'label' | 'P2P_PORT' | 'CONF' },
    vpn = this.vpn(),
  ): Promise<string> {
    const { httpPort, p2pPort, p2pPortIn = 'P2P_PORT' } = options;
    const isIn = (place: typeof p2pPortIn) => p2pPort !== undefined && p2pPortIn === place;
    const [name = '', value = ''] = this.containerLabel.split('=');
    const container = await this.simulation.docker.createContainer({
      name: this.simulation.name('acestream'),
      Image: await ensureSimulatorImage(this.simulation.docker),
      Env: [
        `CONF=--http-port=${httpPort}\n--https-port=${httpPort + 26_000}\n--bind-all${isIn('CONF') ? `\n--port=${p2pPort}` : ''}`,
        ...(isIn('P2P_PORT') ? [`P2P_PORT=${p2pPort}`] : []),
      ],
      Labels: {
        [name]: value,
        'acestream.vpn_container': vpn.name,
        'acestream.http_port': String(httpPort),
        'acestream.https_port': String(httpPort + 26_000),
        'host.http_port': String(httpPort),
        ...(p2pPort === undefined ? {} : { 'acestream.forwarded': 'true' }),
        ...(isIn('label') ? { 'acestream.p2p_port': String(p2pPort) } : {}),
      },
      HostConfig: { NetworkMode: `container:${vpn.containerId}`, RestartPolicy: { Name: 'unless-stopped' } },
    });
    await container.start();
    return container.id;
  }

  recheck(vpn = this.vpn()): Promise<Response> {
    return fetch(`${this.portward.url}/vpns/${vpn.name}/recheck`, { method: 'POST' });
  }

  /** Requests an engine; rejects if the answer takes longer than a proxy waits. */
  provision(body: object): Promise<Response> {
    return fetch(`${this.portward.url}/provision/acestream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(3_000),
    });
  }

  replace(body?: object, headers: Record<string, string> = {}, vpn = this.vpn()): Promise<Response> {
    return fetch(`${this.portward.url}/vpns/${vpn.name}/replacements`, {
      method: 'POST',
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  /** Polls `/engines` all the time, like many proxies. */
  watch(): EnginesWatch {
    const watch = new EnginesWatch(this.portward.url);
    this.onClear(() => watch.stop());
    return watch;
  }

  proxy(): ProxyClient {
    const proxy = new ProxyClient({
      url: this.portward.url,
      addressOf: (engine) => this.vpns.find((vpn) => vpn.name === engine.vpn_container)?.address ?? 'unknown',
    });
    this.onClear(async () => proxy.close());
    return proxy;
  }

  workflowId(vpn = this.vpn()): string {
    return `vpn/${this.simulation.runId}/${vpn.name}`;
  }

  async client(): Promise<Client> {
    const connection = await Connection.connect({ address: this.portward.temporalAddress });
    this.onClear(() => connection.close());
    return new Client({ connection });
  }

  /**
   * Resolves when no task of the VPN's workflow is under way. Call it before killing a worker: Temporal gives a lost task out again only
   * after 20 s.
   */
  async atRest(vpn = this.vpn()): Promise<void> {
    const handle = (await this.client()).workflow.getHandle(this.workflowId(vpn));
    await until('no task at work', async () => !(await handle.describe()).raw.pendingWorkflowTask);
  }

  /** Runs Temporal's own CLI, as a person would. */
  async temporal(...args: string[]): Promise<string> {
    const cli = await findTemporalCli({
      env: process.env,
      cacheDir: cacheDir(process.env),
      log: { info: () => {}, warn: () => {} },
    });
    if (cli === undefined) throw new Error("Temporal's CLI is not installed: run the tests by `npm test`");
    const { stdout } = await promisify(execFile)(cli, [...args, '--address', this.portward.temporalAddress]);
    return stdout;
  }
}
