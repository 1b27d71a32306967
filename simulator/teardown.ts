import { messageOf } from '../src/lib/errors';
/** What has to be undone, the latest first, whatever happened. */
export class Teardown {
  private readonly steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

  /** @param what completes 'could not …' */
  add(what: string, undo: () => Promise<unknown>): void {
    this.steps.push({ what, undo });
  }

  /** Does every step, and resolves with what went wrong. */
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
