import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { MadeEngine } from '../../activities/engine/create-engine';
import type { EngineRef, Port } from '../../domain/engine';
import type { Target } from '../../domain/replacement';
import { awaitEngine, awaitPortsFree, awaitReleased, createEngine } from '../shared/activities';
import { failureOf } from './failure';
import { engineMadeSignal, engineReadySignal } from '../vpn/messages';
import type { Removal } from './removal';
import { PROVISIONING, type Run } from './run';
import { engineDiscarded, engineReady, isUpToDate } from './work';

/** When the VPN is told of a container that is still booting. A caller that asked for an engine waits for its container. */
const REPORT_REQUESTED_AFTER_MS = 300;
const REPORT_AFTER_MS = 10_000;

/** Brings up an engine. Each time the target moves it brings up another, until the one that is wanted answers. */
export async function provisionUntilUpToDate(run: Run, removal: Removal, endIfLong: () => void): Promise<void> {
  for (let { target } = run.work; target && !isUpToDate(run.work); { target } = run.work) {
    endIfLong();
    const { ready } = run.work;
    if (ready) await removal.discard({ ...ready.engine, generation: ready.generation });
    run.change(engineDiscarded);
    await new Provision(run, removal, target).untilReady();
  }
}

/** The attempts to bring up the engine of one target. */
class Provision {
  /** An attempt has begun to make a container. */
  private begun = false;
  /** Ports of the engine that were taken in the last attempt. */
  private taken: readonly Port[] = [];

  constructor(
    private readonly run: Run,
    private readonly removal: Removal,
    private readonly target: Target,
  ) {}

  async untilReady(): Promise<void> {
    const { run, target } = this;
    const { generation } = target;
    const made = await run.whileWanted(target, () => run.untilDone(PROVISIONING, () => this.attempt()));
    if (made && run.wants(target)) {
      const engine = { ...made.engine, ready: true, health: 'healthy' as const };
      const ready = { generation, engine, session: made.session };
      run.change((work) => engineReady(work, ready, Date.now()));
      await run.tell(engineReadySignal, ready);
    } else if (this.begun) {
      await this.removal.discard(target);
    }
  }

  private async attempt(): Promise<MadeEngine> {
    await this.run.untilAllowed();
    await this.untilPortsFree();
    this.begun = true;
    try {
      // Not cancelled when the target moves: the workflow would not know the container, which would go on holding its ports.
      const made = await CancellationScope.nonCancellable(() => this.create());
      return await this.answering(made);
    } catch (error) {
      this.taken = failureOf(error).portsTaken?.taken.ports ?? [];
      throw error;
    }
  }

  private async untilPortsFree(): Promise<void> {
    const { vpn } = this.run.input;
    const { waitFor: holders } = this.target;
    const ports = this.taken;
    if (ports.length > 0) {
      const summary = `wait until nothing else has port ${ports.join(', ')}`;
      await awaitPortsFree.executeWithOptions({ summary }, [{ vpn, ports }]);
      this.taken = [];
    }
    const summary = 'wait until the old engine has left its port';
    while (holders.length > 0) {
      const areFree = await awaitReleased.executeWithOptions({ summary }, [{ vpn, holders }]);
      if (areFree) break;
    }
  }

  private async create(): Promise<MadeEngine> {
    const { vpn, instance, incarnation, number } = this.run.input;
    const { target } = this;
    const { role, p2pPort } = target;
    const summary = `provision ${role} engine${p2pPort === null ? '' : ` on port ${p2pPort}`}`;
    try {
      return await createEngine.executeWithOptions({ summary }, [{ vpn, instance, incarnation, number, target }]);
    } catch (error) {
      const { message, refusedFor } = failureOf(error);
      if (refusedFor !== null) await this.removal.leaveMade(target, refusedFor, message);
      throw error;
    }
  }

  private async answering({ engine, session }: MadeEngine): Promise<MadeEngine> {
    const { vpn, startupTimeoutMs: timeoutMs } = this.run.input;
    const booting = new CancellationScope();
    const telling = booting.run(() => this.reportWhileBooting(engine)).catch(ignoreCancellation);
    try {
      const { run } = await awaitEngine.executeWithOptions({ summary: `wait until ${engine.name} answers` }, [
        { vpn, session, engine, timeoutMs },
      ]);
      return { engine: { ...engine, run }, session };
    } catch (error) {
      if (!isCancellation(error)) await this.removal.discard(this.target);
      throw error;
    } finally {
      booting.cancel();
      await telling;
    }
  }

  /**
   * Tells the VPN of an engine that boots for long. Not at once: if the port moves in that moment, the two workflows signal each other,
   * and wait half a second for each other's locks in the Temporal server.
   */
  private async reportWhileBooting({ id, name }: EngineRef): Promise<void> {
    const { run, target } = this;
    const afterMs = run.input.cause === 'requested' ? REPORT_REQUESTED_AFTER_MS : REPORT_AFTER_MS;
    await sleep(afterMs, { summary: `until the VPN is told that ${name} is still booting` });
    const { generation } = target;
    await CancellationScope.nonCancellable(() => run.tell(engineMadeSignal, { generation, id, name }));
  }
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}
