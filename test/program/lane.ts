/**
 * Tests that follow on one another, beside those of other lanes: `test.concurrent('…', onFirstVpn(async () => …))`. Tests of
 * one VPN have a lane of their own, as VPNs don't wait for one another.
 */
export function lane(): (work: () => Promise<void>) => () => Promise<void> {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => () => {
    const done = before.then(work);
    before = done.catch(() => {});
    return done;
  };
}
