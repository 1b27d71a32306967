// A scenario that sends a Docker the calls of Portward and records its answers and events, to compare a simulated Docker with a real one.
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { httpGet } from '../../simulator/http-get';
import { ensureSimulatorImage } from '../../simulator/image';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { outputLines } from '../../src/clients/docker/reading/container-output';
import { statusCode } from '../../src/clients/docker/docker-error';
import { DockerHost, type ContainerDetails } from '../../src/clients/docker/docker-host';
import { healthIn, uptimeIn } from '../../src/clients/docker/reading/status-text';
import { collectEvents, type EventsByContainer } from './docker-events';
import { Simulation } from './simulation';
import { until } from './until';

const HTTP_PORT = 19_000;
const NEVER = '0001-01-01T00:00:00Z';

export interface ScenarioResult {
  /** The result of each step, by the step's name. */
  readonly answers: Readonly<Record<string, unknown>>;
  readonly events: EventsByContainer;
}

export async function runScenario(docker: Docker): Promise<ScenarioResult> {
  const simulation = new Simulation(docker);
  const ending = new AbortController();
  try {
    const story = new Story(docker, simulation);
    const heard = { beginning: `${simulation.runId}-`, last: 'vpn', signal: ending.signal };
    const events = await collectEvents(new DockerHost(docker), heard);
    await story.run();
    return { answers: story.answers, events: await events() };
  } finally {
    ending.abort();
    await simulation.remove();
  }
}

class Story {
  readonly answers: Record<string, unknown> = {};
  private readonly host: DockerHost;
  /** Ids and names of this run, with the placeholders that replace them. */
  private readonly words = new Map<string, string>();

  constructor(
    private readonly docker: Docker,
    private readonly simulation: Simulation,
  ) {
    this.host = new DockerHost(docker);
  }

  async run(): Promise<void> {
    const { host } = this;
    const vpn = await this.simulation.startVpn({ name: this.name('vpn'), startDelayMs: 0, healthIntervalMs: 200 });
    this.words.set(vpn.containerId, '<vpn>');
    await vpn.untilHealth('healthy');
    await this.note('the VPN', async () => this.seen(await host.inspectByName(vpn.name)));

    const engine = await this.engine('engine', vpn);
    await this.note('an engine that was made', async () => this.seen(await host.inspect(engine)));
    await this.note('a name that is taken', () => this.engine('engine', vpn));
    await this.note('an image that is not there', () => this.create('other', vpn, {}, 'no/such-image'));
    await this.note('whether it is there', () => host.hasImage('no/such-image:latest'));
    await this.note('start', () => host.start(engine));
    await this.note('start again', () => this.docker.getContainer(engine).start());
    await answering(vpn);
    await this.note('an engine that runs', async () => this.seen(await host.inspectShortId(engine.slice(0, 12))));
    await this.note('the list', async () =>
      (await host.list([`of=${this.simulation.runId}`])).map(({ createdAt, id, status, ...rest }) => ({
        ...rest,
        isUp: uptimeIn(status) !== null,
        id: this.plain(id),
        name: this.plain(rest.name),
        networkOf: this.plain(rest.networkOf ?? ''),
        labels: Object.keys(rest.labels).toSorted(),
        isRecent: Math.abs(Date.now() - createdAt) < 60_000,
      })),
    );
    await this.note('the list by name', async () =>
      (await host.listNamed([vpn.name, 'no-such-name'])).map(({ name, state, status }) => ({
        ...{ name: this.plain(name), state, isUp: uptimeIn(status) !== null, health: healthIn(status) },
      })),
    );
    await this.crash(vpn);

    await this.note('removal of one that runs', () => this.docker.getContainer(engine).remove());
    const followed = await this.docker.getContainer(engine).logs({ follow: true, stdout: true, stderr: true, tail: 1 });
    const output = buffer(followed);
    await this.note('stop', () => host.stop(engine, 10));
    await this.note('what it wrote until its end', async () =>
      outputLines(await output, false).map((line) => line.replace(/^\S+ /, '')),
    );
    await this.note('stop again', () => this.docker.getContainer(engine).stop());
    await this.note('kill of one that is stopped', () => this.docker.getContainer(engine).kill());
    await this.note('an engine that was stopped', async () => this.seen(await host.inspect(engine)));
    await this.note('removal', () => host.remove(engine));
    await this.note('removal again', () => host.remove(engine));
    await this.note('one that is gone', async () => this.seen(await host.inspect(engine)));
    await this.note('start of one that is gone', () => host.start(engine));

    const stubborn = await this.create('stubborn', vpn, { STOP_BEHAVIOUR: 'ignore' });
    await host.start(stubborn);
    await answering(vpn);
    await this.note('stop of one that ignores it', () => host.stop(stubborn, 1));
    await this.note('one that had to be killed', async () => this.seen(await host.inspect(stubborn)));
    await host.start(stubborn);
    await this.note('forced removal of one that runs', () => host.remove(stubborn));
    await this.fallOfTheVpn(vpn);
  }

  /** An engine whose port is taken ends again and again, and Docker restarts it until `forbidRestart`. */
  private async crash(vpn: SimulatedVpn): Promise<void> {
    const { host } = this;
    const second = await this.engine('second', vpn);
    await host.start(second);
    // By then Docker's pause is long enough for the steps below.
    const revived = await until('four revivals', async () => {
      const details = await host.inspect(second);
      return details !== null && details.RestartCount >= 4 && details.State.Restarting ? details : null;
    });
    await this.note('one that is revived again and again', async () => this.seen(revived));
    await this.note('no restart', () => host.forbidRestart(second));
    await this.note('stop between two runs', () => host.stop(second, 1));
    await this.note('its end', async () => this.seen(await host.inspect(second)));
    await this.note('what it wrote', async () => outputLines(await host.logs(second, 2), false));
    await host.remove(second);
  }

  private async fallOfTheVpn(vpn: SimulatedVpn): Promise<void> {
    const { host } = this;
    const engine = await this.engine('last', vpn);
    await host.start(engine);
    await answering(vpn);
    const former = vpn.address;
    await vpn.setHealth(false);
    await vpn.untilHealth('unhealthy');
    await this.note('restart of the VPN', () => host.restart(vpn.containerId));
    await vpn.untilAnswering();
    await vpn.untilHealth('healthy');
    await this.note('its engine', async () => this.seen(await host.inspect(engine)));
    await this.note('whether that is reached', async () => [await answers(former), await answers(vpn.address)]);
    await vpn.kill();
    await this.note('the VPN that was killed', async () => this.seen(await host.inspectByName(vpn.name)));
    await this.note('kill of its engine', () => this.docker.getContainer(engine).kill());
    await this.note('start without the VPN', () => host.start(engine));
    await this.note('an engine that could not start', async () => this.seen(await host.inspect(engine)));
    await host.remove(engine);
    await host.remove(vpn.containerId);
  }

  private name(what: string): string {
    return `${this.simulation.runId}-${what}`;
  }

  private engine(what: string, vpn: SimulatedVpn): Promise<string> {
    return this.create(what, vpn, { HTTP_PORT: String(HTTP_PORT) });
  }

  private async create(what: string, vpn: SimulatedVpn, env: Record<string, string>, image?: string): Promise<string> {
    const id = await this.host.create({
      name: this.name(what),
      image: image ?? (await ensureSimulatorImage(this.docker)),
      env: Object.entries({ HTTP_PORT: String(HTTP_PORT), ...env }).map(([name, value]) => `${name}=${value}`),
      command: null,
      labels: { of: this.simulation.runId, 'acestream.vpn_container': vpn.name },
      volumes: [],
      networkOf: vpn.containerId,
    });
    this.words.set(id, `<${what}>`);
    return id;
  }

  private async note(step: string, ask: () => Promise<unknown>): Promise<void> {
    try {
      const answer = await ask();
      this.answers[step] = Buffer.isBuffer(answer) ? 'done' : (answer ?? 'done');
    } catch (error) {
      const status = statusCode(error);
      if (status === null) throw error;
      this.answers[step] = { status, message: this.plain(String(error)) };
    }
  }

  /** The part of an inspection that Portward reads. */
  private seen(details: ContainerDetails | null): object | null {
    if (details === null) return null;
    const { State, HostConfig, Config, NetworkSettings, RestartCount } = details;
    const { Status, Running, Paused, Restarting, OOMKilled, Dead, ExitCode, Error: error, Health } = State;
    return {
      id: this.plain(details.Id),
      name: this.plain(details.Name),
      state: { Status, Running, Paused, Restarting, OOMKilled, Dead, ExitCode, error: this.plain(error) },
      started: State.StartedAt !== NEVER,
      finished: State.FinishedAt !== NEVER,
      health: Health?.Status,
      isRevived: RestartCount > 0,
      // Docker has a name of its own for the default network.
      network: this.plain(HostConfig.NetworkMode ?? ''),
      policy: HostConfig.RestartPolicy?.Name,
      // Only the real image needs this variable, for node's libraries.
      env: Config.Env.filter((line) => !line.startsWith('LD_LIBRARY_PATH=')),
      command: Config.Cmd,
      labels: Object.keys(Config.Labels).toSorted(),
      tty: Config.Tty,
      ports: NetworkSettings.Ports,
      networks: Object.entries(NetworkSettings.Networks).map(([network, { IPAddress, Gateway, GlobalIPv6Address }]) => {
        return { network, hasAddress: IPAddress !== '', hasGateway: Gateway !== '', GlobalIPv6Address };
      }),
    };
  }

  private plain(text: string): string {
    let plain = text;
    for (const [word, instead] of this.words) plain = plain.replaceAll(word, instead);
    return plain.replaceAll(this.simulation.runId, '<run>');
  }
}

async function answering(vpn: SimulatedVpn): Promise<void> {
  await until('the engine answers', () => answers(vpn.address));
}

async function answers(address: string): Promise<boolean> {
  const url = `http://${address}:${HTTP_PORT}/server/api?method=get_version`;
  return httpGet(url, { limitMs: 500 }).then(
    ({ status }) => status === 200,
    () => false,
  );
}
