/** A pause in ms before another attempt: twice the one before, up to `most`. @param failures how many attempts have failed before the last one */
export function growingPause(first: number, most: number, failures: number): number {
  return Math.min(most, first * 2 ** failures);
}

/** Yields such pauses without end. */
export function* growingPauses(first: number, most: number): Generator<number, never> {
  for (let failures = 0; ; failures++) yield growingPause(first, most, failures);
}
