import { ApplicationFailure } from '@temporalio/common';
import type { Engine, Instant, Port } from '../../domain/engine';
import { exitInWords, isPermanentExit, type EngineExit } from '../../domain/engine-exit';
import { session } from '../../domain/vpn/observation';
import { takenInWords, type TakenPorts } from '../../domain/vpn/taken-ports';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import type { ContainerEvent } from '../../clients/docker/docker-events';
import { resolve } from '../../clients/docker/reach/reach';
import type { Endpoint } from '../../clients/engine/engine-api';
import { portsSaidTaken } from '../../clients/engine/last-words';
import { pauseUntil } from '../../lib/pause';
import type { ActivityDeps } from '../deps';
import { messageOf } from '../../lib/errors';
import { observeDocker } from '../docker/snapshot';
import { lastWords } from './last-words';
import { holderInWords, portsInUse, portsTakenFailure } from '../docker/taken-ports';

const ASK_EVERY_MS = 20;
const CHECK_EVERY_MS = 1_000;
/** How long an engine that can't have its port takes to end, on a busy machine. */
const ENDS_WITHIN_MS = 5_000;

export interface AwaitedEngine {
  readonly vpn: string;
  /** The session in whose network the engine was created. */
  readonly session: string;
  readonly engine: Engine;
  readonly timeoutMs: number;
}

type Deps = Pick<ActivityDeps, 'docker' | 'events' | 'reach' | 'engineApi'>;

export interface AnsweringEngine {
  /** When the container's run that answered began; null if that is not known. */
  readonly run: Instant | null;
}

/** Returns when the engine's API has answered. @throws ApplicationFailure that says why it does not */
export async function awaitEngine(input: AwaitedEngine, deps: Deps, signal: AbortSignal): Promise<AnsweringEngine> {
  const awaiting = new AwaitingEngine(input, deps);
  await awaiting.until(signal);
  return { run: awaiting.startedAt };
}

/**
 * Waits for one engine. Docker restarts an engine that ends, and calls it running most of the time, so its ends are
 * counted.
 */
class AwaitingEngine {
  /** When the run that was seen last began; null while the engine is not running. */
  startedAt: Instant | null = null;
  private vpn: ContainerDetails | null = null;
  /** Why the engine's API has not answered yet. */
  private reason = 'it was not asked yet';
  private running = true;
  /** Number of runs, by Docker's restart count. */
  private runs = 1;
  /** Number of ends that were seen; `exit` is the last of them. */
  private ends = 0;
  private exit: EngineExit | null = null;
  /** When the last run that was seen to end had ended, as Docker writes it. */
  private finishedAt: string | null = null;
  /** The exit code in an event since the last snapshot; null: there was none. */
  private exitCodeOfEvent: number | null = null;
  private readonly saidTaken = new Set<Port>();
  /** Aborted when something happens to its container. */
  private waker = new AbortController();

  constructor(
    private readonly input: AwaitedEngine,
    private readonly deps: Deps,
  ) {}

  async until(signal: AbortSignal): Promise<void> {
    const { timeoutMs } = this.input;
    const deadline = performance.now() + timeoutMs;
    const unsubscribe = this.deps.events.subscribe((event) => this.happened(event));
    try {
      let endpoint = await this.inspect();
      let inspectAgainAt = performance.now() + CHECK_EVERY_MS;
      while (performance.now() < deadline) {
        if (signal.aborted) return;
        if (performance.now() >= inspectAgainAt || this.waker.signal.aborted) {
          endpoint = await this.inspect();
          inspectAgainAt = performance.now() + CHECK_EVERY_MS;
        }
        if ((await this.answers(endpoint, signal)) && (await this.isEngineItself(signal))) return;
        await pauseUntil(ASK_EVERY_MS, signal, this.waker.signal);
      }
      throw await this.failure(`within ${timeoutMs / 1000} s (STARTUP_TIMEOUT_S)`);
    } finally {
      unsubscribe();
    }
  }

  private happened(event: ContainerEvent | null): void {
    if (event !== null && event.id !== this.input.engine.id) return;
    const code = Number(event?.attributes['exitCode'] ?? NaN);
    if (Number.isInteger(code)) this.exitCodeOfEvent = code;
    this.waker.abort();
  }

  private async inspect(): Promise<Endpoint> {
    const { vpn, engine } = this.input;
    this.waker = new AbortController();
    const { exitCodeOfEvent } = this;
    this.exitCodeOfEvent = null;
    const { docker } = this.deps;
    const [vpnDetails, details] = await Promise.all([docker.inspectByName(vpn), docker.inspect(engine.id)]);
    if (!details) throw removed(engine);
    if (!vpnDetails || !isInSession(vpnDetails, this.input)) throw cutOff(this.input, vpnDetails);
    this.vpn = vpnDetails;
    const { State, RestartCount } = details;
    this.runs = RestartCount + 1;
    this.running = State.Running && !State.Restarting;
    this.startedAt = this.running ? Date.parse(State.StartedAt) : null;
    if (!this.running && State.FinishedAt !== this.finishedAt) {
      this.finishedAt = State.FinishedAt;
      await this.sawEnd(details, { code: State.ExitCode, outOfMemory: State.OOMKilled });
    } else if (this.running && exitCodeOfEvent !== null)
      await this.sawEnd(details, { code: exitCodeOfEvent, outOfMemory: false });
    return resolve(await this.deps.reach(), vpnDetails, engine.httpPort);
  }

  private async sawEnd(details: ContainerDetails, end: Pick<EngineExit, 'code' | 'outOfMemory'>): Promise<void> {
    const ports = portsOf(this.input.engine);
    this.ends++;
    const { lastLine, output } = await lastWords(details, ports, this.deps.docker);
    this.exit = { ...end, lastLine };
    for (const port of portsSaidTaken(output, ports)) this.saidTaken.add(port);
    if (isPermanentExit(end)) throw await this.failure('');
  }

  private async answers(endpoint: Endpoint, signal: AbortSignal): Promise<boolean> {
    try {
      await this.deps.engineApi.answers(endpoint, signal);
      return true;
    } catch (error) {
      this.reason = messageOf(error);
      return false;
    }
  }

  /**
   * Whether it was the engine that answered, and not another program on its port. Without its port the engine ends
   * again and again.
   */
  private async isEngineItself(signal: AbortSignal): Promise<boolean> {
    await this.inspect();
    const { ends, runs } = this;
    const isSameRun = () => this.running && this.ends === ends && this.runs === runs;
    if (runs > 1 || ends > 0) {
      for (const until = performance.now() + ENDS_WITHIN_MS; isSameRun() && performance.now() < until;) {
        await pauseUntil(CHECK_EVERY_MS, signal, this.waker.signal);
        if (signal.aborted) return true;
        await this.inspect();
      }
    }
    if (isSameRun()) return true;
    this.saidTaken.add(this.input.engine.httpPort);
    this.reason = 'something else answers on that port';
    return false;
  }

  private async failure(when: string): Promise<ApplicationFailure> {
    const { engine, vpn } = this.input;
    const { exit, reason, runs } = this;
    const again = runs > 1 && !isPermanentExit(exit ?? { code: 0 }) ? `, and Docker has started it ${runs} times` : '';
    const why = exit === null ? `${reason}${again}` : `${exitInWords(exit)}${again}`;
    const message = `engine ${engine.name} did not answer on HTTP port ${engine.httpPort}${when && ` ${when}`}: ${why}`;
    const ports = [...this.saidTaken];
    if (ports.length === 0 || this.vpn === null) return ApplicationFailure.nonRetryable(message);
    // If nothing listens, an outgoing connection may have the port.
    const listened = await portsInUse(this.vpn, ports, this.deps);
    const by = listened.length === 0 ? null : await holderInWords(this.vpn, listened, engine.id, this.deps.docker);
    const taken: TakenPorts = { ports, by };
    return portsTakenFailure(`${takenInWords(taken, vpn)}: ${message}`, taken, true);
  }
}

function portsOf({ httpPort, httpsPort, p2pPort }: Engine): Port[] {
  return [httpPort, httpsPort, p2pPort].filter((port) => port !== null);
}

/** Whether the session in which the engine was created still lasts. */
function isInSession(details: ContainerDetails, { session: madeIn }: AwaitedEngine): boolean {
  const seen = observeDocker(details);
  return session(seen) === madeIn && seen.kind === 'present' && seen.running;
}

/** The engine can't answer any more, through no fault of its own. */
function cutOff({ vpn, session: madeIn, engine }: AwaitedEngine, details: ContainerDetails | null): ApplicationFailure {
  const isSameRun = session(observeDocker(details)) === madeIn;
  const isSameContainer = details !== null && madeIn.startsWith(details.Id);
  const what = isSameRun ? 'stopped' : details === null ? 'removed' : isSameContainer ? 'restarted' : 're-created';
  return ApplicationFailure.nonRetryable(
    `VPN container '${vpn}' was ${what} before engine ${engine.name} answered`,
    'VpnNotHealthy',
  );
}

function removed(engine: Engine): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`engine ${engine.name} was removed before it answered`, 'EngineRemoved');
}
