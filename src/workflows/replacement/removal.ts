import { engineRef, type ContainerId, type EngineRef } from '../../domain/engine';
import { engineName } from '../../domain/names';
import type { Target } from '../../domain/replacement';
import { removeEngine } from '../shared/activities';
import { failureOf } from './failure';
import { engineLeftSignal } from '../vpn/messages';
import type { Run } from './run';

/** A container that Docker has not removed after this time is left to another replacement. */
const LEFT_AFTER_MS = 10_000;

/** An engine that this replacement makes. Where its container could not be started, only the name is known. */
type Made = Omit<EngineRef, 'id' | 'name'> & Pick<Target, 'generation'>;

/** Removes containers, and leaves those that Docker does not remove to other replacements. */
export class Removal {
  /** Why Docker does not remove a container, by its name. */
  private readonly left = new Map<string, string>();

  constructor(private readonly run: Run) {}

  hasLeft(name: string): boolean {
    return this.left.has(name);
  }

  /** Removes a new engine whose target has moved, or that did not answer. No proxy uses it, since it was never listed. */
  async discard(made: Made): Promise<void> {
    const idOrName = this.nameOf(made);
    if (this.hasLeft(idOrName)) return;
    const summary = `remove ${idOrName}: it is not wanted any more`;
    await this.untilGone(
      idOrName,
      () => removeEngine.executeWithOptions({ summary }, [{ idOrName }]),
      (id, reason) => this.leaveMade(made, id, reason),
    );
  }

  /** @returns false: Docker does not remove it, and it was left */
  async release(engine: EngineRef, release: () => Promise<void>): Promise<boolean> {
    await this.untilGone(engine.name, release, (_, reason) => this.leave(engine, null, reason));
    return !this.hasLeft(engine.name);
  }

  async leaveMade(made: Made, id: ContainerId, reason: string): Promise<void> {
    await this.leave(engineRef({ ...made, id, name: this.nameOf(made) }), made.generation, reason);
  }

  /**
   * Waiting for a container that Docker does not remove would hold up the new engine and this replacement. So it is left to another
   * replacement, with the cause 'left over', which goes on trying.
   */
  private async untilGone(
    name: string,
    remove: () => Promise<void>,
    leave: (id: ContainerId, reason: string) => Promise<void>,
  ): Promise<void> {
    const begun = Date.now();
    await this.run.untilDone(`removing ${name}`, async () => {
      try {
        await remove();
        this.left.delete(name);
      } catch (error) {
        const { message, refusedFor } = failureOf(error);
        if (refusedFor === null || Date.now() - begun < LEFT_AFTER_MS) throw error;
        await leave(refusedFor, message);
        if (this.run.input.cause === 'left over') throw error;
      }
    });
  }

  /** Tells the VPN's workflow that the container is left, once for each reason. */
  private async leave(engine: EngineRef, generation: number | null, reason: string): Promise<void> {
    if (this.left.get(engine.name) === reason) return;
    this.left.set(engine.name, reason);
    await this.run.tell(engineLeftSignal, { engine, generation, reason });
  }

  private nameOf({ role, generation }: Made): string {
    const { vpn, incarnation, number } = this.run.input;
    return engineName(role, vpn, incarnation, number, generation);
  }
}
