import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats `round` beside a test until `stop` is called; `stop` resolves when the last round has ended. */
export function meanwhile(round: () => Promise<unknown>): { stop: () => Promise<void> } {
  const state = { going: true };
  const work = (async () => {
    while (state.going) {
      await round();
      await sleep(50);
    }
  })();
  return {
    stop: () => {
      state.going = false;
      return work;
    },
  };
}
