import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment, type ContainerConfig, type RestartPolicy } from './container-config';
import type { ContainerHost } from './container-host';
import type { EventSource } from './event-feed';
import { HealthCheck } from './health-check';
import type { Image } from './images';
import { NetworkNamespace } from './network';
import { Output } from './output';
import { ProgramProcess } from './program-process';
import { Revival } from './revival';
import { programOf } from './programs';
import { DockerRefusal } from './refusal';
import { messageOf } from '../../src/lib/errors';

interface Run {
  readonly process: ProgramProcess;
  readonly namespace: NetworkNamespace;
  /** Resolves when Docker has reported the end. */
  readonly over: Promise<void>;
}

const SIGNAL_NUMBERS = { SIGKILL: '9', SIGTERM: '15', SIGINT: '2' } as const;
export type Signal = keyof typeof SIGNAL_NUMBERS;

/** Docker's exit code for a container that it could not start. */
const NOT_STARTED = 128;

export class Container implements EventSource {
  readonly id = randomBytes(32).toString('hex');
  readonly createdAt = new Date();
  readonly output = new Output();
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  startedAt: Date | null = null;
  finishedAt: Date | null = null;
  exitCode = 0;
  error = '';
  restartPolicy: RestartPolicy;
  isRemoving = false;
  /** The health of the present or the last run; null without a health check and before the first run. */
  health: HealthCheck | null = null;
  readonly revival = new Revival();
  private readonly files = new Map<string, string>();
  private run: Run | null = null;
  private starting: Promise<void> | null = null;
  private stoppedByHand = false;

  constructor(
    readonly name: string,
    readonly config: ContainerConfig,
    readonly madeOf: Image,
    private readonly host: ContainerHost,
  ) {
    this.labels = config.labels;
    this.image = config.image;
    this.restartPolicy = config.restartPolicy;
    host.feed.emit(this, 'create');
  }

  /** True also while a restart is due: Docker calls a container running between two of its runs. */
  get isRunning(): boolean {
    return this.run !== null || this.revival.isDue;
  }

  /** Null while it does not run. */
  get namespace(): NetworkNamespace | null {
    return this.run?.namespace ?? null;
  }

  /** The id of the container whose network it shares; null: it has its own. */
  get networkOf(): string | null {
    return /^container:(.+)$/.exec(this.config.networkMode)?.[1] ?? null;
  }

  async start(): Promise<void> {
    this.refuseIfRemoved();
    if (this.isRunning) throw new DockerRefusal(304, 'container already started');
    this.stoppedByHand = false;
    this.revival.reset();
    await this.begin();
  }

  async stop(withinS: number): Promise<void> {
    await this.afterStart();
    if (!this.isRunning) throw new DockerRefusal(304, 'container already stopped');
    await this.terminate(withinS);
    this.emit('stop');
  }

  async kill(signal: Signal, reference: string): Promise<void> {
    await this.afterStart();
    if (!this.isRunning)
      throw new DockerRefusal(409, `Cannot kill container: ${reference}: Container ${this.id} is not running`);
    this.stoppedByHand = true;
    if (this.run === null) this.revival.giveUp();
    else await this.send(this.run, signal);
  }

  async restart(withinS: number): Promise<void> {
    await this.afterStart();
    if (this.isRunning) {
      await this.terminate(withinS);
      this.emit('stop');
    }
    await this.start();
    this.emit('restart');
  }

  async remove(force: boolean): Promise<void> {
    if (this.isRemoving) throw new DockerRefusal(409, `removal of container ${this.id} is already in progress`);
    await this.afterStart();
    if (this.isRunning && !force) {
      throw new DockerRefusal(
        409,
        `You cannot remove a running container ${this.id}. Stop the container before attempting removal or force remove`,
      );
    }
    this.isRemoving = true;
    this.stoppedByHand = true;
    if (this.run === null) this.revival.giveUp();
    else await this.send(this.run, 'SIGKILL');
    await sleep(this.host.times.removeMs);
    this.host.removed(this);
    this.emit('destroy');
  }

  update(policy: RestartPolicy): void {
    this.restartPolicy = policy;
    this.emit('update');
  }

  /** Ends everything in the container at once, when the whole simulated Docker is closed. */
  abandon(): void {
    this.isRemoving = true;
    this.stoppedByHand = true;
    this.revival.giveUp();
    this.health?.end();
    this.run?.process.signal('SIGKILL');
  }

  private refuseIfRemoved(): void {
    if (this.isRemoving) throw new DockerRefusal(409, 'container is marked for removal and cannot be started');
  }

  /** Waits for a start that is under way. */
  private async afterStart(): Promise<void> {
    await this.starting?.catch(() => {});
  }

  private async begin(): Promise<void> {
    this.starting ??= this.enter().finally(() => (this.starting = null));
    await this.starting;
  }

  private async enter(): Promise<void> {
    try {
      this.lender();
      await sleep(this.host.times.startMs);
      this.refuseIfRemoved();
      this.run = this.newRun(this.lender());
    } catch (error) {
      if (this.exitCode === 0) this.exitCode = NOT_STARTED;
      this.error = messageOf(error);
      throw error;
    }
  }

  /** The network that it joins; null: it has its own. @throws DockerRefusal if the other container does not run */
  private lender(): NetworkNamespace | null {
    if (this.networkOf === null) return null;
    const lender = this.host.find(this.networkOf);
    if (lender.namespace !== null) return lender.namespace;
    throw new DockerRefusal(409, `cannot join network of a non running container: ${lender.id}`);
  }

  private newRun(lent: NetworkNamespace | null): Run {
    const { env, entrypoint, cmd, healthcheck } = this.config;
    const command = [...entrypoint, ...(cmd ?? [])];
    const found = programOf(command);
    if (found === null) throw new DockerRefusal(501, `not simulated: ${command.join(' ')}`);
    const namespace = lent ?? new NetworkNamespace(this.host.network.address());
    const process = new ProgramProcess({
      ...found,
      env: environment(env),
      namespace,
      files: this.files,
      output: this.output,
    });
    this.revival.isDue = false;
    this.error = '';
    this.exitCode = 0;
    this.startedAt = new Date();
    this.emit('start');
    const health =
      healthcheck &&
      new HealthCheck(
        healthcheck,
        () => process.isHealthy,
        (status) => this.emit(`health_status: ${status}`),
      );
    this.health = health;
    const over = process.ended.then(async (code) => {
      if (lent === null) namespace.cutOff();
      health?.end();
      await sleep(this.host.times.endMs);
      this.end(code);
    });
    return { process, namespace, over };
  }

  private end(code: number): void {
    this.run = null;
    this.exitCode = code;
    this.finishedAt = new Date();
    this.emit('die', { exitCode: String(code) });
    const { Name: policy } = this.restartPolicy;
    const isRevived = policy === 'unless-stopped' || policy === 'always' || (policy === 'on-failure' && code !== 0);
    const ranForMs = this.finishedAt.getTime() - (this.startedAt?.getTime() ?? 0);
    if (isRevived && !this.stoppedByHand) this.revival.soon(ranForMs, () => this.begin());
    else this.output.end();
  }

  /** Sends SIGTERM, and SIGKILL if it has not ended in time. */
  private async terminate(withinS: number): Promise<void> {
    this.stoppedByHand = true;
    const { run } = this;
    if (run === null) {
      this.revival.giveUp();
      return;
    }
    const patience = new AbortController();
    this.emit('kill', { signal: SIGNAL_NUMBERS.SIGTERM });
    run.process.signal('SIGTERM');
    const late = sleep(withinS * 1000, true, { signal: patience.signal }).catch(() => false);
    const isLate = await Promise.race([late, run.process.ended.then(() => false)]);
    patience.abort();
    if (isLate) await this.send(run, 'SIGKILL');
    await run.over;
  }

  private async send(run: Run, signal: Signal): Promise<void> {
    this.emit('kill', { signal: SIGNAL_NUMBERS[signal] });
    run.process.signal(signal);
    if (signal === 'SIGKILL') await run.over;
  }

  private emit(action: string, more?: Readonly<Record<string, string>>): void {
    this.host.feed.emit(this, action, more);
  }
}
