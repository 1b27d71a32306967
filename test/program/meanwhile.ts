import { setTimeout as sleep } from 'node:timers/promises';

/** Does something again and again beside a test, until `stop` is called, which resolves when the last round has ended. */
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
