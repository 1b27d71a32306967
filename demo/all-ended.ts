/** Like `Promise.all`, but it rejects only when all promises have settled: no work goes on after the error. */
export async function allEnded<T extends readonly Promise<unknown>[]>(
  promises: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
