import { messageOf } from '../src/lib/errors';

/** Steps that have to be undone at the end, the latest first. */
export class Teardown {
  private readonly steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

  /** @param what completes 'could not …' */
  add(what: string, undo: () => Promise<unknown>): void {
    this.steps.push({ what, undo });
  }

  /** Undoes every step, also after failures; resolves with the texts of the failures. */
  async run(): Promise<string[]> {
    const problems: string[] = [];
    for (const { what, undo } of this.steps.splice(0).toReversed()) {
      try {
        await undo();
      } catch (error) {
        problems.push(`could not ${what}: ${messageOf(error)}`);
      }
    }
    return problems;
  }
}
