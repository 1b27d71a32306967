/** The pause in ms of a step, 0 and up: `first`, then twice the one before, up to `most`. */
export function growingPause(first: number, most: number, step: number): number {
  return Math.min(most, first * 2 ** step);
}

/** Yields these pauses without end. */
export function* growingPauses(first: number, most: number): Generator<number, never> {
  for (let step = 0; ; step++) yield growingPause(first, most, step);
}
