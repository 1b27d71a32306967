const told = new Set<string>();

/**
 * `test`; where something keeps it from running on this machine, one that counts as skipped.
 * @param reason why it can't run here, which is printed; null: it can
 */
export function testUnless(reason: string | null): jest.It {
  if (reason === null) return test;
  // Of a file whose tests are all skipped jest shows no console.
  if (!told.has(reason)) process.stderr.write(`Tests are skipped here: ${reason}\n`);
  told.add(reason);
  return test.skip;
}
