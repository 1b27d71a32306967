const told = new Set<string>();

/**
 * `test`; where something keeps it from running on this machine, one that counts as skipped.
 * @param reason why it can't run here, which is printed; null: it can
 */
export function testUnless(reason: string | null): jest.It {
  if (reason === null) return test;
  if (!told.has(reason)) console.warn(`tests are skipped here: ${reason}`);
  told.add(reason);
  return test.skip;
}
