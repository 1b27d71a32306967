const told = new Set<string>();

/**
 * Jest's `test`, or `test.skip` if the test can't run on this machine.
 * @param reason why it can't run here, which is printed; null: it can
 */
export function testUnless(reason: string | null): jest.It {
  if (reason === null) return test;
  // Not `console`: jest does not show its output for a file whose tests are all skipped.
  if (!told.has(reason)) process.stderr.write(`Tests are skipped here: ${reason}\n`);
  told.add(reason);
  return test.skip;
}
